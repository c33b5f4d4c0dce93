/* send.ts -- a program of somebody else's: sends an alert with the client generated from
 * docs/openapi.yaml, reads it back, and meets a refusal; what it saw goes to standard output.
 * Arguments: the address of gongd, a token.  It compiles only if the generated types are of use. */
import createClient from "openapi-fetch";
import type { components, paths } from "./gong.js";

type Schemas = components["schemas"];

declare const process: { argv: string[] };
const [, , baseUrl, token] = process.argv;
const gong = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });

function fail(what: string, problem: Schemas["Problem"]): never {
	throw new Error(`${what}: ${problem.kind} ${problem.field ?? ""} ${problem.detail}`);
}

const request: Schemas["AlertRequest"] = {
	key: "client-1", template: "notice.text", severity: "yellow",
	params: { text: { zh: "试", en: "test" } },
	audience: { divisions: ["990121001"], roles: ["village_chief"] },
};

async function dryRun(): Promise<Schemas["Plan"]> {
	const { data, error } = await gong.POST("/v1/alerts", {
		params: { query: { dry_run: true } }, body: request });

	if (error)
		fail("dry run", error);
	if (!("dry_run" in data))
		throw new Error("it was sent");
	return data;
}

async function send(): Promise<Schemas["Accepted"]> {
	const { data, error } = await gong.POST("/v1/alerts", { body: request });

	if (error)
		fail("send", error);
	if ("dry_run" in data)
		throw new Error("it was not sent");
	return data;
}

/* Until each of its messages has left. */
async function readBack(alert: string): Promise<Schemas["Message"][]> {
	for (let i = 0; i < 100; i++) {
		const { data, error } = await gong.GET("/v1/alerts/{alert}/messages", {
			params: { path: { alert }, query: { limit: 100 } } });

		if (error)
			fail("read", error);
		if (data.messages.length && data.messages.every((m) => m.state === "sent"))
			return data.messages;
		await new Promise((done) => setTimeout(done, 100));
	}
	throw new Error("its messages do not leave");
}

async function refused(): Promise<Schemas["Problem"]> {
	const { data, error, response } = await gong.POST("/v1/alerts", {
		params: { header: { "Idempotency-Key": "client-2", "Accept-Language": "zh" } },
		body: { template: "no.such", severity: "red", audience: { contacts: ["nobody"] } } });

	if (data || response.status !== 422)
		throw new Error("it was not refused");
	switch (error.code) {
	case "no_template":
		return error;
	/* @ts-expect-error: not a refusal of gong's */
	case "no_such_code":
		break;
	}
	throw new Error(error.code);
}

/* What no gongd takes does not compile. */
export const wrong: Partial<Schemas["AlertRequest"]>[] = [
	/* @ts-expect-error */
	{ severity: "purple" },
	/* @ts-expect-error */
	{ colour: "red" },
	/* @ts-expect-error */
	{ audience: { divisions: [990121] } },
];

const plan = await dryRun();
const before = await gong.GET("/v1/alerts");
const accepted = await send();
const again = await send();
const messages = await readBack(accepted.code);
const { data: alert } = await gong.GET("/v1/alerts/{alert}", {
	params: { path: { alert: String(accepted.id) } } });
const { data: listed } = await gong.GET("/v1/alerts", {
	params: { query: { state: ["active", "exhausted"], severity: ["yellow"], open: false } } });
console.log(JSON.stringify({ plan, before: before.data?.alerts.length, accepted, again, messages, alert,
			     listed: listed?.alerts.map((a) => a.id), problem: await refused() }));
