/** Where secrets are: the environment first, then a file. Values leave here for a connector, and go nowhere else. */
import { readFile, stat } from 'node:fs/promises';
import { parse } from 'yaml';

export interface Vault {
  /** The secret at a path such as `edr/token`; null where there is none. Throws a VaultError where it cannot look. */
  read(path: string): Promise<string | null>;
}

export interface VaultSettings {
  /** Secrets by the variable of the environment that holds them. A map: nobody writes it out by accident. */
  variables?: ReadonlyMap<string, string>;
  /** A map of paths in YAML or JSON; a value that is a map itself is read as JSON text. */
  file?: string | undefined;
}

/** The vault cannot be read, or has no such entry. The words name paths, never what is in them. */
export class VaultError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'VaultError';
  }
}

/** Variables of the environment that hold secrets begin so. */
export const SECRET_PREFIX = 'TIERLINE_SECRET_';

/** The variable that holds the secret at a path: `edr/token` is in `TIERLINE_SECRET_EDR_TOKEN`. */
const variableOf = (path: string): string =>
  SECRET_PREFIX + path.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_');

/** The secrets in an environment. An empty variable counts as absent. */
export function secretVariables(
  environment: Readonly<Record<string, string | undefined>>,
): ReadonlyMap<string, string> {
  const named = Object.entries(environment).filter(
    ([name, value]) => name.startsWith(SECRET_PREFIX) && value,
  );
  return new Map(named as [string, string][]);
}

type Entries = ReadonlyMap<string, string>;

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** What a vault file says. The parser's own words are not passed on: they quote the file. */
function entriesIn(text: string, file: string): Entries {
  let read: unknown;
  try {
    // As text: a secret of digits alone keeps its zeros.
    read = parse(text, { schema: 'failsafe' }) ?? {};
  } catch {
    throw new VaultError(`The vault file ${file} is neither YAML nor JSON`);
  }
  if (typeof read !== 'object' || read === null || Array.isArray(read))
    throw new VaultError(`The vault file ${file} is not a map of paths to secrets`);
  return new Map(Object.entries(read).map(([path, value]) => [path, textOf(value)]));
}

/** Reads the file again when it has changed. Refuses one that others than its owner may read or write. */
function fileReader(file: string): () => Promise<Entries> {
  let known = { stamp: '', entries: new Map() as Entries };
  return async () => {
    const found = await stat(file).catch(() => null);
    if (found === null || !found.isFile()) throw new VaultError(`The vault file ${file} is not there`);
    if ((found.mode & 0o077) !== 0) {
      const mode = (found.mode & 0o777).toString(8);
      throw new VaultError(`The vault file ${file} is open to others (mode ${mode}); chmod 600 mends it`);
    }
    const stamp = `${found.ino}/${found.size}/${found.mtimeMs}`;
    if (stamp !== known.stamp) {
      const text = await readFile(file, 'utf8').catch(() => {
        throw new VaultError(`The vault file ${file} cannot be read`);
      });
      known = { stamp, entries: entriesIn(text, file) };
    }
    return known.entries;
  };
}

const noFile = (): Promise<Entries> => Promise.resolve(new Map());

export function createVault({ variables = new Map(), file }: VaultSettings): Vault {
  const entries = file === undefined ? noFile : fileReader(file);
  return {
    async read(path) {
      return variables.get(variableOf(path)) ?? (await entries()).get(path) ?? null;
    },
  };
}

/** How many entries there are, for whoever looks after the machine. Throws as the vault itself does. */
export async function countEntries({
  variables = new Map(),
  file,
}: VaultSettings): Promise<{ inEnvironment: number; inFile: number }> {
  const entries = file === undefined ? await noFile() : await fileReader(file)();
  return { inEnvironment: variables.size, inFile: entries.size };
}
