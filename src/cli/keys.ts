import { openApi, Refusal, type Api } from './api.ts';
import { commaList, serverHelp, serverOptions, type Command, type Typed } from './command.ts';
import { Failure, misuse } from './failure.ts';
import { findPack } from './find-pack.ts';
import { nearest } from './nearest.ts';
import { rotateSealingKeys } from './rotate-sealing-keys.ts';
import type { Terminal } from './terminal.ts';
import type { WireKey } from './wire.ts';
import { table, visible } from './write-text.ts';

const actions = ['new', 'list', 'revoke', 'reset-admin', 'rotate'];

export const keys: Command = {
  name: 'keys',
  summary: 'Make, list and revoke access keys',
  help: `toolcrib keys new [--name NAME] [--pack PACK …] [--scopes a,b] [--days N]
toolcrib keys list
toolcrib keys revoke ID
toolcrib keys reset-admin
toolcrib keys rotate

A new key may call tools (scope runtime:all) unless --scopes says otherwise, of all packs unless --pack names
some. It is printed once, alone on standard output. It ends after --days, or never. Revoking a key revokes
every key made with it.

reset-admin makes a new admin key when none is left. It works on the data directory or on DATABASE_URL
itself, so run it where the server runs; an embedded database has to be stopped first.

rotate makes new keys for what is sealed in the vault, and seals it anew. It works where reset-admin does, on
PostgreSQL while the replicas serve; stopped half way, it goes on where it was. To replace the master key, set
the new one as TOOLCRIB_MASTER_KEY and the old one as TOOLCRIB_MASTER_KEY_PREVIOUS first, for every replica.
${serverHelp}`,
  options: {
    ...serverOptions,
    name: { type: 'string' },
    pack: { type: 'string', multiple: true },
    scopes: { type: 'string' },
    days: { type: 'string' },
  },
  async run(terminal, typed) {
    const [action = '', ...words] = typed.words;
    switch (action) {
      case 'new':
        return makeKey(terminal, typed, openApi(terminal, typed));
      case 'list':
        return listKeys(terminal, openApi(terminal, typed));
      case 'revoke':
        return revokeKey(terminal, openApi(terminal, typed), words);
      case 'reset-admin':
        return resetAdminKey(terminal);
      case 'rotate':
        return rotateSealingKeys(terminal, words);
      default: {
        const near = nearest(action, actions);
        throw misuse(
          near
            ? `Did you mean “toolcrib keys ${near}”?`
            : `Say what to do: ${actions.join(', ')}. See: toolcrib keys --help`,
        );
      }
    }
  },
};

async function makeKey(terminal: Terminal, typed: Typed, api: Api): Promise<number> {
  const days = typed.text('days');
  if (days !== undefined && !/^[1-9]\d{0,3}$/.test(days)) throw misuse('--days is a number from 1 to 9999.');
  const packs = await Promise.all(typed.texts('pack').map((named) => findPack(api, named)));
  const scopes = commaList(typed.text('scopes'));
  const made = await api.post<WireKey>('/v1/keys', {
    ...(typed.text('name') ? { name: typed.text('name') } : {}),
    scopes: scopes.length > 0 ? scopes : ['runtime:all'],
    ...(packs.length > 0 ? { pack_ids: packs.map(({ id }) => id) } : {}),
    ...(days === undefined ? { expires_at: null } : { expires_in: Number(days) * 86_400 }),
  });
  terminal.out(made.key!);
  terminal.err(
    `Shown this once. Scopes: ${made.scopes.join(', ')}. To end it: toolcrib keys revoke ${made.id}`,
  );
  return 0;
}

async function listKeys(terminal: Terminal, api: Api): Promise<number> {
  const all = await api.list<WireKey>('/v1/keys');
  const rows = all.map((key) => [
    key.id,
    visible(key.hint),
    key.revoked_at ? 'revoked' : key.expires_at ? `until ${key.expires_at.slice(0, 10)}` : 'no end',
    key.scopes.join(','),
    key.pack_ids ? `${key.pack_ids.length} pack(s)` : 'all packs',
    visible(key.name),
  ]);
  for (const line of table(rows, '')) terminal.out(line);
  return 0;
}

async function revokeKey(terminal: Terminal, api: Api, words: readonly string[]): Promise<number> {
  const [id, ...others] = words;
  if (!id || others.length > 0) throw misuse('Name one key by its id: toolcrib keys list shows them.');
  await api.remove(`/v1/keys/${encodeURIComponent(id)}`).catch((error: unknown) => {
    if (!(error instanceof Refusal) || error.status !== 404) throw error;
    throw new Failure(`There is no key “${id}”: toolcrib keys list shows them.`);
  });
  terminal.out(`Revoked ${id} and every key made with it.`);
  return 0;
}

async function resetAdminKey(terminal: Terminal): Promise<number> {
  const { resetAdmin } = await import('../main.ts');
  const key = await resetAdmin(terminal.env);
  if (!key) throw new Failure('No admin key could be made: start Toolcrib once first.');
  terminal.out(key);
  terminal.err('The new admin key, shown this once.');
  return 0;
}
