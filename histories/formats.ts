/** Which logs can be read. */
import { bpic2013 } from './bpic2013.ts';
import { csvFormat } from './csv.ts';
import { lookUp, type Format } from './format.ts';
import { helpdesk } from './helpdesk.ts';
import { MappingError, readMapping } from './mapping.ts';
import { uci } from './uci.ts';

const BUILT_IN: Readonly<Record<string, Format>> = { bpic2013, uci, helpdesk };

export const FORMAT_NAMES: readonly string[] = [...Object.keys(BUILT_IN), 'csv'];

/** The format of that name; `csv` needs a mapping file. Throws for an unknown name, and MappingError. */
export async function formatOf(name: string, mappingFile?: string): Promise<Format> {
  const builtIn = lookUp(BUILT_IN, name);
  if (builtIn) return builtIn;
  if (name !== 'csv') throw new Error(`${name} is not a format; known are ${FORMAT_NAMES.join(', ')}`);
  if (mappingFile === undefined)
    throw new MappingError('The format csv needs a mapping file, given with --mapping; see docs/replay.md');
  return csvFormat(await readMapping(mappingFile));
}
