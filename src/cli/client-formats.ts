import { join } from 'node:path';
import { addTable, removeTable } from './codex-config.ts';
import { Failure } from './failure.ts';
import { addressOf, changeJson, membersOf } from './json-config.ts';
import type { Terminal } from './terminal.ts';

/** One pack as a client's configuration names it. */
export type ClientEntry = {
  /** `toolcrib-<pack>`: lower case letters, digits and dashes. */
  name: string;
  url: string;
  /** Null: the key stays out of the file and comes from `keyVariable`. */
  key: string | null;
  keyVariable: string;
};

/** How one client wants to be told of a server. Facts were read in November 2026 at the addresses given. */
export type ClientFormat = {
  name: string;
  title: string;
  file(terminal: Terminal): string;
  /** The file with the entry in it, in the place of an older one. Throws Failure rather than lose anything. */
  add(text: string | null, entry: ClientEntry, file: string): string;
  /** The file without the entry; null when it is not there. */
  remove(text: string, entry: { name: string; pack: string }, file: string): string | null;
  /** Where the key comes from when it is not in the file. */
  keySource(entry: ClientEntry): string;
};

type JsonFormat = {
  name: string;
  title: string;
  place: readonly string[];
  /** The member that holds the servers. */
  servers: string;
  typed: boolean;
  /** How the file names a value it does not hold. */
  reference: (entry: ClientEntry) => string;
  alongside?: {
    add(config: { [name: string]: unknown }, entry: ClientEntry, file: string): void;
    remove(config: { [name: string]: unknown }, name: string): void;
  };
  keySource: (entry: ClientEntry) => string;
};

function jsonFormat(format: JsonFormat): ClientFormat {
  return {
    name: format.name,
    title: format.title,
    file: (terminal) => join(terminal.directory, ...format.place),
    keySource: format.keySource,
    add: (text, entry, file) =>
      changeJson(text, file, (config) => {
        const servers = membersOf(config, format.servers, file);
        const known = addressOf(servers, entry.name);
        if (Object.hasOwn(servers, entry.name) && known !== entry.url && !leadsToPack(known, entry.name)) {
          throw new Failure(`${file} has an entry ${entry.name} of your own: rename it first.`);
        }
        const headers = { Authorization: `Bearer ${entry.key ?? format.reference(entry)}` };
        servers[entry.name] = { ...(format.typed ? { type: 'http' } : {}), url: entry.url, headers };
        format.alongside?.remove(config, entry.name);
        if (entry.key === null) format.alongside?.add(config, entry, file);
      }),
    remove(text, { name, pack }, file) {
      let found = false;
      const without = changeJson(text, file, (config) => {
        if (!Object.hasOwn(config, format.servers)) return;
        const servers = membersOf(config, format.servers, file);
        if (!leadsToPack(addressOf(servers, name), `toolcrib-${pack}`)) return;
        found = true;
        delete servers[name];
        if (Object.keys(servers).length === 0) delete config[format.servers];
        format.alongside?.remove(config, name);
      });
      return found ? without : null;
    },
  };
}

/** An entry is ours when it points at the pack it is named after. */
const leadsToPack = (address: string | null, name: string): boolean =>
  address !== null && (URL.parse(address)?.pathname ?? '').endsWith(`/mcp/${name.replace(/^toolcrib-/, '')}`);

const environment = ({ keyVariable }: ClientEntry): string =>
  `Set ${keyVariable} where the client is started.`;

/** VS Code asks for secrets itself and keeps them. https://code.visualstudio.com/docs/copilot/reference/mcp-configuration */
const promptForKey: JsonFormat['alongside'] = {
  add(config, entry, file) {
    if (!Object.hasOwn(config, 'inputs')) config['inputs'] = [];
    const inputs = config['inputs'];
    if (!Array.isArray(inputs))
      throw new Failure(`“inputs” in ${file} is no list: mend it first, or use --print.`);
    inputs.push({
      type: 'promptString',
      id: entry.name,
      description: `Toolcrib key (${entry.name})`,
      password: true,
    });
  },
  remove(config, name) {
    const { inputs } = config;
    if (!Array.isArray(inputs)) return;
    const kept = inputs.filter((input: { id?: unknown } | null) => input?.id !== name);
    if (kept.length === inputs.length) return;
    if (kept.length > 0) config['inputs'] = kept;
    else delete config['inputs'];
  },
};

export const clientFormats: readonly ClientFormat[] = [
  // https://code.claude.com/docs/en/mcp (project scope; `${VAR}` is expanded in headers)
  jsonFormat({
    name: 'claude-code',
    title: 'Claude Code',
    place: ['.mcp.json'],
    servers: 'mcpServers',
    typed: true,
    reference: ({ keyVariable }) => `\${${keyVariable}}`,
    keySource: environment,
  }),
  // https://cursor.com/docs/mcp (remote servers; `${env:VAR}` is expanded in headers)
  jsonFormat({
    name: 'cursor',
    title: 'Cursor',
    place: ['.cursor', 'mcp.json'],
    servers: 'mcpServers',
    typed: false,
    reference: ({ keyVariable }) => `\${env:${keyVariable}}`,
    keySource: environment,
  }),
  jsonFormat({
    name: 'vscode',
    title: 'VS Code',
    place: ['.vscode', 'mcp.json'],
    servers: 'servers',
    typed: true,
    reference: ({ name }) => `\${input:${name}}`,
    alongside: promptForKey,
    keySource: () => 'VS Code asks for it at the first use.',
  }),
  {
    name: 'codex',
    title: 'Codex',
    file: ({ env, home }) => join(env['CODEX_HOME'] || join(home, '.codex'), 'config.toml'),
    add: addTable,
    remove: (text, { name }) => removeTable(text, name),
    keySource: environment,
  },
];
