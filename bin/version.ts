import { readFileSync } from 'node:fs';

/** The version in package.json: shown by the command line and in the OpenAPI document. */
export const { version: packageVersion } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as { version: string };
