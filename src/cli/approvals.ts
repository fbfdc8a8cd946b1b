import { openApi, Refusal, type Api } from './api.ts';
import { serverHelp, serverOptions, type Command } from './command.ts';
import { Failure, misuse } from './failure.ts';
import type { Terminal } from './terminal.ts';
import type { WireApproval } from './wire.ts';
import { exact, visible } from './write-text.ts';

const reaches = ['once', 'turn', 'hour'];

export const approvals: Command = {
  name: 'approvals',
  summary: 'Decide on calls that wait for a yes',
  help: `toolcrib approvals list
toolcrib approvals approve ID [--for once|turn|hour] [--memo TEXT]
toolcrib approvals deny ID [--memo TEXT]

Shows the calls that wait, with exactly the arguments they would be sent with. A yes lets that one call
through when its caller repeats it; with --for also other calls of the same tool and connection. The memo of a
no is told to the caller once. The key that asked cannot decide, nor can keys that it made.
${serverHelp}`,
  options: { ...serverOptions, for: { type: 'string' }, memo: { type: 'string' } },
  async run(terminal, typed) {
    const [action = '', ...words] = typed.words;
    const memo = typed.text('memo');
    const lasts = typed.text('for');
    if (lasts !== undefined && (action !== 'approve' || !reaches.includes(lasts))) {
      throw misuse('--for is once, turn or hour, with approve.');
    }
    switch (action) {
      case '':
      case 'list':
        return listOpen(terminal, openApi(terminal, typed));
      case 'approve':
      case 'deny': {
        const body = {
          ...(memo === undefined ? {} : { memo }),
          ...(lasts === undefined ? {} : { for: lasts }),
        };
        return decide(terminal, openApi(terminal, typed), action, words, body);
      }
      default:
        throw misuse('Say what to do: list, approve, deny. See: toolcrib approvals --help');
    }
  },
};

async function listOpen(terminal: Terminal, api: Api): Promise<number> {
  const open = await api.list<WireApproval>('/v1/approvals');
  for (const { id, tool, ran_as, principal, expires_at, arguments: args } of open) {
    terminal.out(`${id}  ${visible(tool)}  as ${ran_as}, asked by ${principal.type} ${principal.id}`);
    terminal.out(`  until ${expires_at}  ${exact(JSON.stringify(args))}`);
  }
  if (open.length === 0) terminal.err('Nothing waits for a yes.');
  return 0;
}

async function decide(
  terminal: Terminal,
  api: Api,
  action: 'approve' | 'deny',
  words: readonly string[],
  body: object,
): Promise<number> {
  const [id, ...others] = words;
  if (!id || others.length > 0)
    throw misuse('Name one approval by its id: toolcrib approvals list shows them.');
  const decided = await api
    .post<WireApproval>(`/v1/approvals/${encodeURIComponent(id)}/${action}`, body)
    .catch((error: unknown) => {
      if (!(error instanceof Refusal) || error.status !== 404) throw error;
      throw new Failure(`There is no approval “${id}”: toolcrib approvals list shows them.`);
    });
  terminal.out(`${decided.status === 'approved' ? 'Approved' : 'Denied'} ${visible(decided.tool)}.`);
  return 0;
}
