import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { shop, type Shop } from '../fakes/shop.ts';
import { startWorld, type Answer, type Json, type World } from '../world.ts';

// What a change would do is foretold, then the change is made and the very same calls are made again and compared.

export type Call = readonly [tool: string, args: Json];
/** What became of one call: whether it was let through, what reached the service, what the agent got. */
export type Came = { refused: boolean; sent: string; got: string };

export type Stand = {
  connectionId: string;
  slug: string;
  packId: string;
  tools: ReadonlyMap<string, Json>;
  /** Makes calls through the pack, one after the other. */
  make(calls: readonly Call[]): Promise<readonly Came[]>;
};

export type ImpactDesk = {
  world: World;
  store: Shop;
  pass(ms: number): void;
  /** The shop connected anew, in a pack of its own. */
  stand(): Promise<Stand>;
  /** The same for a connection that is there already; `requests` is what its service has seen. */
  standOf(connectionId: string, requests: () => readonly unknown[]): Promise<Stand>;
  /** A dry run: 200, and nothing of the organization is other than it was. Answers the impact. */
  foretell(method: string, path: string, body?: unknown): Promise<Json>;
  /** All that a change leaves behind, counted. */
  traces(): Promise<Json>;
  close(): Promise<void>;
};

export async function openImpactDesk(): Promise<ImpactDesk> {
  const store = await shop();
  let ahead = 0;
  const world = await startWorld({ clock: { now: () => new Date(Date.now() + ahead) } });
  const ok = (answer: Answer): Json => {
    assert.ok(answer.status < 300, answer.text);
    return answer.json?.data;
  };
  const send = async (method: string, path: string, body?: unknown): Promise<Json> =>
    ok(await world.fetchJson(method, path, body));
  let stands = 0;

  const traces = (): Promise<Json> =>
    world.crib.database.transaction('system', async (tx) => {
      const { rows } = await sql<Json>`
        select (select json_agg(h order by h.organization_id) from organization_heads h) as heads,
          (select json_agg(t.updated_at order by t.tool_id) from tools t) as tools,
          (select json_agg(p.updated_at order by p.pack_id) from packs p) as packs,
          (select json_agg(c order by c.connection_id) from connections c) as connections,
          (select json_agg(e order by e.pack_id, e.connection_id) from pack_entries e) as entries,
          (select count(*)::int from audit_rows) as audits, (select count(*)::int from secrets) as secrets,
          (select count(*)::int from events) as events`.execute(tx.kysely);
      return JSON.parse(JSON.stringify(rows[0]));
    });

  const standOf = async (connectionId: string, requests: () => readonly unknown[]): Promise<Stand> => {
    stands += 1;
    const { slug } = await send('GET', `/v1/connections/${connectionId}`);
    const packName = `stand-${stands}`;
    const pack = await send('POST', '/v1/packs', { name: packName, entries: [{ slug }] });
    const { key } = await send('POST', '/v1/keys', { name: packName, scopes: ['runtime:all'] });
    const listed = await send('GET', `/v1/connections/${connectionId}/tools`);
    return {
      connectionId,
      slug,
      packId: pack.id,
      tools: new Map(listed.map((tool: Json) => [tool.name, tool])),
      async make(calls) {
        const came: Came[] = [];
        for (const [tool, args] of calls) {
          const before = requests().length;
          const body = { pack: packName, tool: `${slug}__${tool}`, arguments: args };
          const answer = await world.ask('POST', '/v1/calls', { key, body });
          assert.ok([200, 404].includes(answer.status), answer.text);
          const sent = JSON.stringify(requests().slice(before));
          const refused = answer.status === 404 || (answer.json.isError && sent === '[]');
          const { content, structuredContent } = answer.json;
          came.push({ refused, sent, got: JSON.stringify({ content, structuredContent }) });
        }
        await world.crib.gateway.drain();
        return came;
      },
    };
  };

  return {
    world,
    store,
    pass: (ms) => void (ahead += ms),
    async stand() {
      const { id } = await send('POST', '/v1/connections', {
        kind: 'openapi',
        nickname: `Shop ${stands + 1}`,
        document: store.document,
        auth: { type: 'api_key', api_key: 'shop-key-1' },
      });
      return standOf(id, () => store.calls().map(({ method, url, body }) => [method, url, body.toString()]));
    },
    standOf,
    async foretell(method, path, body) {
      const before = await traces();
      const answer = await world.fetchJson(
        method,
        `${path}${path.includes('?') ? '&' : '?'}dry_run=true`,
        body,
      );
      assert.equal(answer.status, 200, answer.text);
      assert.deepEqual(await traces(), before);
      return answer.json.data ?? answer.json;
    },
    traces,
    async close() {
      await world.close();
      await store.close();
    },
  };
}

/** What really happened between two rounds of the same calls, in the words of the impact. */
export function happened(was: readonly Came[], is: readonly Came[]): { refused: number; changed: number } {
  let [refused, changed] = [0, 0];
  was.forEach((past, at) => {
    const now = is[at]!;
    if (!past.refused && now.refused) refused += 1;
    else if (past.refused !== now.refused) changed += 1;
    else if (!now.refused && (past.sent !== now.sent || past.got !== now.got)) changed += 1;
  });
  return { refused, changed };
}
