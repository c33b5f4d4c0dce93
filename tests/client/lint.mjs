/* lint.mjs -- docs/openapi.yaml against the OpenAPI meta-schema and the linter's recommended rules; prints
 * what is wrong, and fails if anything is. */
import { createConfig, lint } from "@redocly/openapi-core";

const config = await createConfig({
	extends: ["recommended-strict"],
	rules: {
		"no-server-example.com": "off",		/* it is where a gongd listens as installed: localhost */
		"operation-4xx-response": "off",	/* those of the door are `default` */
		"no-unused-components": "off",		/* the data of events: x-events */
	},
});
const problems = await lint({ ref: process.argv[2], config });
for (const p of problems)
	console.log(`${p.location[0]?.pointer}: ${p.message} (${p.ruleId})`);
process.exit(problems.length ? 1 : 0);
