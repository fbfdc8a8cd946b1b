import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { bodyProblem, Fault, invalid } from '../kernel/index.ts';
import type { ConnectorFile } from './connector-file.ts';
import { parseConnectorFile } from './parse-connector-file.ts';

/** Keys that published contracts promise; `email` waits for a driver that speaks SMTP. */
export const promisedKeys: readonly string[] = [
  'slack',
  'custom_mcp',
  'notion',
  'google_drive',
  'calcom',
  'twilio',
  'email',
];

/**
 * Reads every `<dir>/<slug>/connector.yaml`, sorted by slug. Throws Fault `invalid`, its message beginning with the
 * file's path, when one cannot be read as a connector or its slug is not its folder's name.
 */
export async function loadCatalog(dir: string): Promise<ReadonlyMap<string, ConnectorFile>> {
  const folders = (await readdir(dir, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const slugs = folders.map((entry) => entry.name).sort();
  const files = await Promise.all(slugs.map((slug) => loadOne(join(dir, slug, 'connector.yaml'), slug)));
  return new Map(files.map((file) => [file.slug, file]));
}

async function loadOne(path: string, slug: string): Promise<ConnectorFile> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new Fault('invalid', `${path}: the file cannot be read.`, { cause });
  });
  const file = parseConnectorText(text, path);
  if (file.slug !== slug) {
    const message = `${path}: the slug "${file.slug}" is not the name of its folder.`;
    throw invalid(bodyProblem('value_error', ['slug'], message));
  }
  return file;
}

function parseConnectorText(text: string, path: string): ConnectorFile {
  let value: unknown;
  try {
    // Tools of one service share fields: anchors and merge keys keep such files short.
    value = parseYaml(text, { maxAliasCount: 1000, merge: true, logLevel: 'error' });
  } catch (cause) {
    throw new Fault('invalid', `${path}: the file is not readable as YAML.`, { cause });
  }
  try {
    return parseConnectorFile(value);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const [first] = error.problems;
    throw new Fault('invalid', `${path}: ${first?.path.join('.') ?? ''}: ${error.message}`, {
      problems: error.problems,
    });
  }
}
