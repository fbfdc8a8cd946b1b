import { Refusal, type Api } from './api.ts';
import { awaitConsent } from './await-consent.ts';
import type { Choosable } from './choose-tools.ts';
import { Failure } from './failure.ts';
import type { SignIn } from './read-sign-in.ts';
import type { Terminal } from './terminal.ts';
import type { WireConnection, WireTool } from './wire.ts';
import { visible } from './write-text.ts';

/** What was typed about the new connection, as the API takes it. */
export type Facts = { nickname: string; auth?: SignIn; local?: boolean };

/** A service looked at: its tools, and what makes the connection or leaves no trace. */
export type Found = {
  tools: readonly Choosable[];
  connect(): Promise<WireConnection>;
  abandon(): Promise<void>;
};

/** An MCP server can only be asked through a connection, so one is made first and goes again if it is no use. */
export async function inspectMcp(terminal: Terminal, api: Api, url: string, facts: Facts): Promise<Found> {
  const body = { kind: 'mcp', ...facts, server_url: url };
  if (facts.auth?.type === 'oauth') return signInAt(terminal, api, body);
  const connection = await api.post<WireConnection>('/v1/connections', body);
  if (connection.tools_status !== 'error') return foundAt(api, connection);
  await abandon(api, connection);
  if (!facts.auth && (await wantsSignIn(api, body))) {
    return signInAt(terminal, api, { ...body, auth: { type: 'oauth' } });
  }
  throw unlisted(connection);
}

/** Whether the server is there, speaks MCP and refuses whoever has not signed in. */
async function wantsSignIn(api: Api, body: object): Promise<boolean> {
  try {
    await api.post('/v1/connections?dry_run=true', body);
    return false;
  } catch (error) {
    return error instanceof Refusal && error.code === 'unauthorized';
  }
}

/** Connects with OAuth: a person has to sign in before there is anything to list. */
async function signInAt(terminal: Terminal, api: Api, body: object): Promise<Found> {
  const made = await api.post<WireConnection>('/v1/connections', body).catch((error: unknown) => {
    if (!(error instanceof Refusal)) throw error;
    // Final: an address that wants a sign-in is no document either.
    throw new Failure(`The server there wants you to sign in. ${error.message} See: toolcrib add --help`);
  });
  try {
    const connection = await awaitConsent(terminal, api, made);
    if (connection.tools_status === 'error') throw new Failure(unlisted(connection).message);
    return await foundAt(api, connection);
  } catch (error) {
    // What is said is why it ended, not that the rest could not be taken back either.
    await abandon(api, made).catch(() => undefined);
    throw error;
  }
}

async function foundAt(api: Api, connection: WireConnection): Promise<Found> {
  const tools = await api.list<WireTool>(`/v1/connections/${connection.id}/tools`);
  return {
    tools: tools.map(({ name, effect, token_cost }) => ({ name, effect, token_cost: token_cost.served })),
    connect: async () => connection,
    abandon: () => abandon(api, connection),
  };
}

const abandon = (api: Api, { id }: WireConnection): Promise<void> => api.remove(`/v1/connections/${id}`);

const unlisted = ({ status_reason: reason }: WireConnection): Refusal =>
  new Refusal(502, 'no_tools', visible(reason ?? 'It did not list its tools.'));
