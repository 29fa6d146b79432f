/**
 * Stack traces in terms of the source files, for code that runs from a bundle. Node can do it (--enable-source-maps),
 * but reads the maps of all that is loaded at every start; here a map is read when a trace that needs it is looked at.
 */
import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The place in one line of a trace: folder, file, line, column. */
const PLACE = /(file:\S+\/)([\w.-]+):(\d+):(\d+)/;

/** From now on, lines of traces about the files of `folder` that have a source map beside them name the source. */
export function mapStackTraces(folder) {
  const ours = pathToFileURL(join(folder, '/')).href;
  const maps = new Map();
  const mapOf = (file) => {
    if (!maps.has(file)) maps.set(file, readMap(join(folder, `${file}.map`)));
    return maps.get(file);
  };
  const inSources = (frame) =>
    frame.replace(PLACE, (place, parent, file, line, column) => {
      const origin = parent === ours ? mapOf(file)?.findEntry(line - 1, column - 1) : undefined;
      if (origin?.originalSource === undefined) return place;
      const source = resolve(folder, origin.originalSource);
      return `${source}:${origin.originalLine + 1}:${origin.originalColumn + 1}`;
    });
  Error.prepareStackTrace = (error, frames) =>
    [headOf(error), ...frames.map((frame) => `    at ${inSources(String(frame))}`)].join('\n');
}

function headOf(error) {
  try {
    return Error.prototype.toString.call(error);
  } catch {
    return 'Error'; // its name or message throws
  }
}

/** Undefined where there is none: the bundle may have been replaced since it was loaded. */
function readMap(path) {
  try {
    return new SourceMap(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return undefined;
  }
}
