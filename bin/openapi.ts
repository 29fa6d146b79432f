/** `tierline openapi`: writes openapi.json, or checks that the committed one is what the routes say. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeApi } from '../api/app.ts';
import { projectRoot } from './config.ts';
import { packageVersion } from './version.ts';

const FILE = join(projectRoot, 'openapi.json');

/** The document as the file holds it. */
export function openApiText(): string {
  return `${JSON.stringify(describeApi(packageVersion), null, 2)}\n`;
}

/** Throws where `check` finds another text in the file. */
export async function run({ check }: { check?: boolean } = {}): Promise<void> {
  if (!check) return writeFile(FILE, openApiText());
  if ((await readFile(FILE, 'utf8')) !== openApiText())
    throw new Error('openapi.json is not what the routes say; run: npm run generate:openapi');
}
