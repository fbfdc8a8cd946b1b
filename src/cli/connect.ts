import { openApi } from './api.ts';
import { onlyWord, serverHelp, serverOptions, type Command } from './command.ts';
import { misuse } from './failure.ts';
import { findConnection } from './find-connection.ts';
import { findPack } from './find-pack.ts';
import type { WireLink } from './wire.ts';

export const connect: Command = {
  name: 'connect',
  summary: 'Make a link by which a person connects an account',
  help: `toolcrib connect SLUG

Prints the address of a page where one person connects the account that SLUG works with: the first one, or
another in its place. Good once and for 30 minutes, in the browser that opens it first.

  --user ID      the account of a registered user, for whom the packs say: theirs, their company's
  --pack NAME    with --user: the pack, where packs say different things
${serverHelp}`,
  options: { ...serverOptions, user: { type: 'string' }, pack: { type: 'string' } },
  async run(terminal, typed) {
    const slug = onlyWord('connect', typed, 'a connection');
    const [user, packName] = [typed.text('user'), typed.text('pack')];
    if (packName !== undefined && user === undefined) throw misuse('--pack goes with --user.');
    const api = openApi(terminal, typed);
    const link =
      user === undefined
        ? await api.post<WireLink>(`/v1/connections/${(await findConnection(api, slug)).id}/connect`, {})
        : await api.post<WireLink>(`/v1/users/${encodeURIComponent(user)}/link`, {
            connection: slug,
            ...(packName === undefined ? {} : { pack_id: (await findPack(api, packName)).id }),
          });
    terminal.out(link.connect_url);
    terminal.err('One person opens this page, once, within 30 minutes.');
    return 0;
  },
};
