#!/usr/bin/python3
"""district.py -- a made-up county at any size, for the demo and the system tests.

Deterministic.  Codes begin with 99, which GB/T 2260 has not allocated; every name is invented;
every number is under +999, an unassigned country code, so that nothing can be rung by accident.
Some people have two numbers, some hold several posts, and there is a duty roster.
Usage: district.py [townships] [villages each] [folder]
"""
import csv
import os
import random
import sys

COUNTY = "990121"
FIRST, SECOND = "青柳云石竹松梅桃枫榕杉清白红黄长大小上下南北东西", "溪岭湾坪塘坡冲洞桥河沟垌寨岩泉峒坳"
SURNAMES, GIVEN = "赵钱孙李周吴郑王冯陈蒋沈韩杨朱秦许何吕张", "安康宁平和顺泰丰明亮清正"
COUNTY_POSTS = [("county_leader", 2), ("county_deputy", 2), ("dept_head", 4), ("duty_officer", 3),
                ("duty_deputy", 3), ("duty_leader", 2)]
TOWNSHIP_POSTS = [("township_chief", 1), ("township_deputy", 1), ("township_duty", 2),
                  ("township_officer", 2)]
VILLAGE_POSTS = [("village_chief", 1), ("village_deputy", 1), ("warner", 1), ("info_officer", 1),
                 ("grid_worker", 2), ("transfer_lead", 1), ("group_leader", 2)]


class District:
    def __init__(self, townships=12, villages=15, seed=990121):
        self.random = random.Random(seed)
        self.used = set()
        self.divisions = [(COUNTY, "青石县", "county", "9901", "", "")]
        self.posts = []          # dicts, one a row of contacts.csv
        self.people = {}         # ref -> [number, number]
        self.roster = []
        self.townships, self.villages = [], []
        self.staff(COUNTY_POSTS, COUNTY)
        for t in range(townships):
            self.township(t, villages)
        self.several_posts()

    def name(self, letters):
        while True:
            parts = [self.random.choice(FIRST) for _ in range(letters - 1)]
            name = "".join(parts) + self.random.choice(SECOND)
            if name not in self.used:
                self.used.add(name)
                return name

    def person(self):
        name = self.random.choice(SURNAMES) + self.random.choice(GIVEN)
        return name + (self.random.choice(GIVEN) if self.random.random() < .6 else "")

    def number(self, extra=0):
        return "+9991%09d" % ((len(self.people) + 1) * 10 + extra)

    def staff(self, posts, division):
        for role, count in posts:
            for order in range(1, count + 1):
                ref = "%s-%s-%d" % (role, division, order)
                numbers = [self.number()]
                if len(self.people) % 7 == 6:
                    numbers.append(self.number(1))
                self.people[ref] = numbers
                self.posts.append(dict(
                    id=ref, name=self.person(), phone=numbers[0],
                    phone2=numbers[1] if len(numbers) > 1 else "", role=role, division=division,
                    role_order=order, lang="en" if len(self.people) % 11 == 10 else "zh",
                    voice="yes", sms="yes", active="yes"))

    def township(self, index, villages):
        code = COUNTY + ("%03d" % (index + 1) if index == 0 else "%03d" % (99 + index))
        name = self.name(2) + ("街道" if index == 0 else "镇")
        self.townships.append(code)
        self.divisions.append((code, name, "township", COUNTY, "", ""))
        self.staff(TOWNSHIP_POSTS, code)
        for v in range(villages):
            village = code + "%03d" % (v + 1)
            self.villages.append(village)
            self.divisions.append((village, self.name(3) + "村", "village", code,
                                   name[:2] + "中心小学", "村北机耕路"))
            self.staff(VILLAGE_POSTS, village)

    def several_posts(self):
        """In every fifth village the chief is the warner of the next one, too."""
        for here, there in zip(self.villages[::5], self.villages[1::5]):
            chief = next(p for p in self.posts if p["id"] == "village_chief-%s-1" % here)
            self.posts.append(dict(chief, role="warner", division=there, role_order=2))

    def on_duty(self, role, division, ref, begin, end):
        self.roster.append((role, division, ref, begin, end))

    def of_role(self, role, division):
        return [p for p in self.posts if p["role"] == role and p["division"] == division]

    def write(self, folder):
        os.makedirs(folder, exist_ok=True)
        for name, head, rows in (
                ("divisions.csv", ("code", "name", "level", "parent", "shelter", "route"),
                 self.divisions),
                ("contacts.csv", list(self.posts[0]), [p.values() for p in self.posts]),
                ("roster.csv", ("role", "division", "ref", "from", "to"), self.roster)):
            with open(os.path.join(folder, name), "w", newline="", encoding="utf-8") as f:
                writer = csv.writer(f)
                writer.writerow(head)
                writer.writerows(rows)


if __name__ == "__main__":
    sizes = [int(a) for a in sys.argv[1:3]]
    district = District(*sizes)
    district.write(sys.argv[3] if len(sys.argv) > 3 else ".")
    print("%d townships, %d villages, %d people" % (len(district.townships),
                                                    len(district.villages), len(district.people)))
