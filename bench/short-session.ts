import { openLine, type Answered } from './load.ts';
import { median } from './statistics.ts';
import { legacyCall, modernCall } from './workloads.ts';

type At = { origin: string; path: string; key: string };

const call = '"name":"echo","arguments":{"number":123456}';

function expect(answered: Answered, status: number, holds: string): Answered {
  if (answered.status === status && answered.body.includes(holds)) return answered;
  throw new Error(`session: ${answered.status} ${answered.body.toString().slice(0, 500)}`);
}

/** Connect, list, one call, leave, in the revision without sessions. */
async function modernSession({ origin, path, key }: At): Promise<void> {
  const line = openLine(origin);
  expect(await line.ask(modernCall(path, key, 'server/discover', '', 1)), 200, 'supportedVersions');
  expect(await line.ask(modernCall(path, key, 'tools/list', '', 2)), 200, '"tools":[');
  expect(await line.ask(modernCall(path, key, 'tools/call', call, 3, 'echo')), 200, 'call 123456');
  await line.close();
}

/** Opens a session of 2025-11-25 and answers its id. */
export async function initialize(line: ReturnType<typeof openLine>, at: Omit<At, 'origin'>): Promise<string> {
  const client =
    '"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1"}';
  const opened = await line.ask(legacyCall(at.path, at.key, null, 'initialize', client, 1));
  const session = String(expect(opened, 200, 'protocolVersion').headers['mcp-session-id']);
  const initialized = legacyCall(at.path, at.key, session, 'notifications/initialized', '', null);
  expect(await line.ask(initialized), 202, '');
  return session;
}

async function legacySession(at: At): Promise<void> {
  const { origin, path, key } = at;
  const line = openLine(origin);
  const session = await initialize(line, at);
  expect(await line.ask(legacyCall(path, key, session, 'tools/list', '', 2)), 200, '"tools":[');
  expect(await line.ask(legacyCall(path, key, session, 'tools/call', call, 3)), 200, 'call 123456');
  const { headers } = legacyCall(path, key, session, '', '', null);
  const { 'content-type': _type, ...rest } = headers;
  expect(await line.ask({ path, method: 'DELETE', headers: rest, body: null }), 204, '');
  await line.close();
}

/** Milliseconds of one short session, in the middle of `count`. */
export async function measureSessions(era: 'modern' | 'legacy', at: At, count: number): Promise<number> {
  const run = era === 'modern' ? modernSession : legacySession;
  const took: number[] = [];
  for (let done = 0; done < count; done += 1) {
    const begun = performance.now();
    await run(at);
    took.push(performance.now() - begun);
  }
  return median(took);
}
