import { openApi, type Api } from './api.ts';
import { clientFormats, type ClientEntry, type ClientFormat } from './client-formats.ts';
import { onlyWord, serverHelp, serverOptions, type Command, type Typed } from './command.ts';
import { Failure, misuse } from './failure.ts';
import { findPack } from './find-pack.ts';
import { nearest } from './nearest.ts';
import type { Terminal } from './terminal.ts';
import type { WireKey, WirePack } from './wire.ts';
import { readConfigFile, restoreConfigFile, writeConfigFile } from './write-config.ts';

const names = clientFormats.map(({ name }) => name);

export const client: Command = {
  name: 'client',
  summary: 'Connect Claude Code, Cursor, VS Code or Codex to a pack',
  help: `toolcrib client ${names.join('|')} --pack NAME

Makes a key that can only call this pack and writes the client's configuration file: what is in it stays,
and a copy of the old file is kept. The file holds the key, so only you may read it from then on.

  --pack NAME   the pack
  --key-env     keep the key out of the file: the client reads it from the environment or asks for it
  --print       show what would be written, and write nothing
  --undo        take exactly this entry out again and revoke its key
${serverHelp}`,
  options: {
    ...serverOptions,
    pack: { type: 'string' },
    'key-env': { type: 'boolean' },
    print: { type: 'boolean' },
    undo: { type: 'boolean' },
  },
  async run(terminal, typed) {
    const named = onlyWord('client', typed, `a client: ${names.join(', ')}`);
    const format = clientFormats.find(({ name }) => name === named);
    if (!format) {
      const near = nearest(named, names);
      throw misuse(
        `There is no client “${named}”: ${near ? `did you mean “${near}”?` : `choose ${names.join(', ')}.`}`,
      );
    }
    const pack = typed.text('pack');
    if (!pack) throw misuse('Name the pack: --pack NAME. See: toolcrib client --help');
    const api = openApi(terminal, typed);
    if (typed.has('undo')) return undo(terminal, api, format, await slugOf(api, pack));
    return connect(terminal, typed, api, format, await findPack(api, pack));
  },
};

/** Names a key after the file it is for, so that undoing finds it without keeping anything. */
const keyName = (format: ClientFormat, pack: string, file: string): string =>
  `${format.name}: ${pack} (${file.slice(-160)})`;

async function connect(
  terminal: Terminal,
  typed: Typed,
  api: Api,
  format: ClientFormat,
  pack: WirePack,
): Promise<number> {
  const file = format.file(terminal);
  const before = readConfigFile(file);
  const draft: ClientEntry = {
    name: `toolcrib-${pack.slug}`,
    url: pack.mcp_url,
    key: null,
    keyVariable: `TOOLCRIB_${pack.slug.toUpperCase().replace(/[^A-Z0-9]+/g, '_')}_KEY`,
  };
  const isSecret = !typed.has('key-env');
  const isShown = typed.has('print');
  if (!isShown) format.add(before, draft, file); // a file that cannot be changed is found before a key is made
  const name = isShown ? `${format.name}: ${pack.slug}` : keyName(format, pack.slug, file);
  const made = await api.post<WireKey>('/v1/keys', {
    name,
    scopes: ['runtime:all'],
    pack_ids: [pack.id],
    expires_at: null,
  });
  const key = made.key!;
  const entry = { ...draft, key: isSecret ? key : null };
  const keyLines = isSecret
    ? []
    : [`  ${draft.keyVariable}=${key}`, `The key is shown this once. ${format.keySource(entry)}`];
  if (isShown) {
    terminal.out(format.add(null, entry, file).trimEnd());
    for (const line of keyLines) terminal.err(line);
    terminal.err(`This belongs into ${file}.`);
    return 0;
  }
  let backup: string | null;
  try {
    const hasOurs =
      before !== null && format.remove(before, { name: entry.name, pack: pack.slug }, file) !== null;
    ({ backup } = writeConfigFile(file, format.add(before, entry, file), { isSecret, before, hasOurs }));
  } catch (error) {
    await api.remove(`/v1/keys/${made.id}`);
    if (error instanceof Failure) throw error;
    throw new Failure(`${file} could not be written (${(error as Error).message}): use --print instead.`);
  }
  await revokeKeys(api, name, made.id);
  terminal.out(`${format.title} is connected to the pack “${pack.slug}”: ${entry.name} in ${file}`);
  if (backup) terminal.out(`The file as it was: ${backup}`);
  for (const line of keyLines) terminal.out(line);
  if (isSecret && file.startsWith(terminal.directory)) {
    terminal.out('The file holds a key that can call this pack: do not commit it (or use --key-env).');
  }
  terminal.out(
    `Restart ${format.title} to see its tools. To undo: toolcrib client ${format.name} --pack ${pack.slug} --undo`,
  );
  return 0;
}

async function undo(terminal: Terminal, api: Api, format: ClientFormat, pack: string): Promise<number> {
  const file = format.file(terminal);
  const text = readConfigFile(file);
  const without = text === null ? null : format.remove(text, { name: `toolcrib-${pack}`, pack }, file);
  if (without !== null) {
    restoreConfigFile(file, without);
    terminal.out(`${file} is as it was without toolcrib-${pack}.`);
  }
  const revoked = await revokeKeys(api, keyName(format, pack, file), null);
  if (without === null && revoked === 0) {
    throw new Failure(`${file} has no entry for the pack “${pack}”: nothing to undo.`);
  }
  terminal.out(revoked > 0 ? 'Its key is revoked.' : 'No key of it was left to revoke.');
  return 0;
}

/** A pack that is gone, or a server that is away, must not keep an entry from being taken out. */
const slugOf = (api: Api, named: string): Promise<string> =>
  findPack(api, named).then(
    ({ slug }) => slug,
    () => named,
  );

async function revokeKeys(api: Api, name: string, but: string | null): Promise<number> {
  const keys = await api.list<WireKey>('/v1/keys');
  const old = keys.filter((key) => key.name === name && key.revoked_at === null && key.id !== but);
  for (const key of old) await api.remove(`/v1/keys/${key.id}`);
  return old.length;
}
