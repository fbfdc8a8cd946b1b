import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { listing } from '../contracts/mcp-counter.ts';
import { startWorld, type Answer, type Json, type World } from '../world.ts';
import { connectorFile, driftingDocument, driftingMcp, type DriftingService } from './drifting-service.ts';

// A service moves through eight versions, or its connector does. After each, agents are served exactly what was accepted, until somebody
// accepts what it has become; and then exactly that.

type Served = { readonly [tool: string]: readonly [kind: string, changeClass: string] };

/** What a version is, what of it is held, what goes stale by it, and how its author mends that. */
type Step = {
  title: string;
  held: Served;
  staleInputs?: readonly string[];
  stalePaths?: readonly string[];
  /** Why `find` cannot be called from then on. */
  blocked?: string;
  mend?: { inputs?: object; response_field_map?: object };
};
const steps: readonly Step[] = [
  { title: 'words change', held: { find: ['changed', 'text'] } },
  { title: 'a field more may be given', held: { find: ['changed', 'widening'] } },
  {
    title: 'a field and a part of the reply have another name',
    held: { find: ['changed', 'breaking'] },
    staleInputs: ['owner'],
    stalePaths: ['items[].name'],
    blocked: 'pinned field owner no longer exists',
    mend: {
      inputs: { owner: null, owned_by: { mode: 'pinned', value: 'ops' } },
      response_field_map: { field_mappings: [{ path: 'items[].title' }] },
    },
  },
  {
    title: 'a field has another type',
    held: { find: ['changed', 'breaking'] },
    staleInputs: ['limit'],
    mend: { inputs: { limit: { mode: 'default', value: '10' } } },
  },
  {
    title: 'a value is taken no more',
    held: { find: ['changed', 'breaking'] },
    staleInputs: ['sort'],
    mend: { inputs: { sort: { mode: 'default', value: 'new' } } },
  },
  { title: 'a tool is gone', held: { archive: ['removed', 'removed'] } },
  { title: 'a tool has come', held: { label: ['added', 'added'] } },
  { title: 'what read destroys', held: { count: ['changed', 'permission'] } },
];

const firstRules = {
  inputs: {
    owner: { mode: 'pinned', value: 'ops' },
    sort: { mode: 'default', value: 'price' },
    limit: { mode: 'default', value: 10 },
  },
  response_field_map: { field_mappings: [{ path: 'items[].name' }] },
};

const kinds: readonly [string, () => Promise<DriftingService>][] = [
  ['an MCP server', driftingMcp],
  ['a document', driftingDocument],
];

let world: World;
/** Who calls: somebody else than who says yes. */
let agentKey: string;
before(async () => {
  world = await startWorld();
  agentKey = (await ask('POST', '/v1/keys', { scopes: ['runtime:all'] })).key;
});
after(() => world.close());

for (const [what, start] of kinds) {
  describe(`${what} that moves through eight versions`, () => {
    let service: DriftingService;
    let connection: Connected;
    let atFirst: string;
    /** `find`’s rules as they are now: what a connection made later is given too. */
    let rules: Json = structuredClone(firstRules);
    before(async () => {
      service = await start();
      connection = await connect(what, service.connect(what));
      atFirst = await connection.served();
      await connection.patch('find', firstRules);
    });
    after(() => service.close());

    for (const [index, step] of steps.entries()) {
      const version = index + 1;
      test(`${version}: ${step.title}`, async () => {
        const accepted = await connection.served();
        const names = namesOf(accepted);
        service.become(version);
        const { held } = await connection.sync();
        assert.deepEqual(
          Object.fromEntries(held.map((one: Json) => [connection.nameOf(one.tool), [one.kind, one.class]])),
          step.held,
        );
        // Byte for byte what was accepted, whatever the service says by now; but for a tool it has no longer.
        assert.equal(await connection.served(), without(accepted, step.held));
        await assertStale(connection, step);
        for (const name of names) {
          const [kind] = step.held[name] ?? [];
          const before = service.calls();
          if (name === 'find' && step.blocked) await assertRefused(connection.call(name), step.blocked);
          else if (kind === 'removed') await assertRefused(connection.call(name), /no longer has this tool/);
          else await assertDone(connection.call(name));
          const isRefused = kind === 'removed' || (name === 'find' && step.blocked !== undefined);
          assert.equal(service.calls() - before, isRefused ? 0 : 1, name);
        }

        const done = await connection.accept();
        assert.deepEqual(
          Object.fromEntries(
            done.accepted.map((one: Json) => [connection.nameOf(one.slug), [one.kind, one.class]]),
          ),
          step.held,
        );
        assert.equal(done.schema_version, version + 1);
        assert.deepEqual((await connection.sync()).held, []);
        await assertStale(connection, step);
        if (step.blocked) {
          const before = service.calls();
          await assertRefused(connection.call('find'), step.blocked);
          assert.equal(service.calls(), before, 'the service is untouched');
        }
        if (step.mend) {
          await connection.patch('find', step.mend);
          rules = merged(rules, step.mend);
        }
        for (const [name, [kind]] of Object.entries(step.held)) {
          if (kind === 'added') await connection.patch(name, { is_enabled: true });
        }
        await assertStale(connection, {});
        await assertDone(connection.call('find'));

        assert.deepEqual(Object.keys(service.sent()).sort(), Object.keys(rules.inputs).sort());
        await assertEachRuns(connection, service);

        // What is served now is what a connection is served that knows nothing but this version.
        const fresh = await connect(`${what} ${version}`, service.connect(`${what} ${version}`));
        await fresh.patch('find', rules);
        assert.equal(await connection.served(), await fresh.served());
      });
    }

    test('goes back to what it was connected at, but for what the service has no longer', async () => {
      const { previous_version: from, new_version: to } = await connection.upgrade(1);
      assert.deepEqual([from, to], [9, 1]);
      const isUnruled = ({ name }: Json): boolean => name !== 'find';
      const served: Json[] = JSON.parse(await connection.served());
      assert.deepEqual(
        served.filter(isUnruled),
        JSON.parse(without(atFirst, { archive: ['removed', 'removed'] })).filter(isUnruled),
      );
      await assertRefused(connection.call('archive'), /no longer has this tool/);
    });
  });
}

describe('a connector that is released in eight more versions', () => {
  let service: DriftingService;
  let connection: Connected;
  const file = (version: number): object => connectorFile('items', service.url, version);
  const made = (nickname: string): object => ({ kind: 'catalog', connector: 'items', nickname });
  let rules: Json = structuredClone(firstRules);
  before(async () => {
    service = await driftingDocument();
    await ask('POST', '/v1/catalog', file(1));
    connection = await connect('released', made('released'));
    await connection.patch('find', firstRules);
  });
  after(() => service.close());

  /** What the connector’s own steps carry, where its author has nothing left to mend. */
  const carried: Readonly<Record<number, Pick<Step, 'staleInputs' | 'mend'>>> = {
    3: { staleInputs: [], mend: { response_field_map: steps[2]!.mend!.response_field_map! } },
    5: { staleInputs: [], mend: {} },
  };

  for (const [index, step] of steps.entries()) {
    const version = index + 1;
    test(`${version}: ${step.title}`, async () => {
      const accepted = await connection.served();
      await ask('POST', '/v1/catalog', file(version + 1));
      assert.deepEqual((await connection.sync()).held, []);
      assert.equal(await connection.served(), accepted);
      await assertStale(connection, {});
      await assertDone(connection.call('find'));

      const upgraded = await connection.upgrade();
      assert.deepEqual([upgraded.new_version, upgraded.migration_applied], [version + 1, true]);
      const { staleInputs, stalePaths, mend } = { ...step, ...carried[version] };
      await assertStale(connection, { staleInputs, stalePaths });
      await assertDone(connection.call('find'));
      if (mend) await connection.patch('find', mend);
      // What was carried is what an author would have said anew.
      if (step.mend) rules = merged(rules, step.mend);
      for (const [name, [kind]] of Object.entries(step.held)) {
        if (kind === 'added') await connection.patch(name, { is_enabled: true });
        if (kind === 'removed') await assertRefused(connection.call(name), /no longer has this tool/);
      }
      await assertStale(connection, {});
      await assertDone(connection.call('find'));
      assert.deepEqual(Object.keys(service.sent()).sort(), Object.keys(rules.inputs).sort());
      await assertEachRuns(connection, service);
      const fresh = await connect(`released ${version}`, made(`released ${version}`));
      await fresh.patch('find', rules);
      assert.equal(await connection.served(), await fresh.served());
    });
  }
});

test('words that speak to the model are pointed out before anybody accepts them', async () => {
  const service = await driftingMcp();
  try {
    const connection = await connect('speaking', service.connect('speaking'));
    const accepted = await connection.served();
    service.become(9);
    await connection.sync();
    const { held } = await connection.tool('find');
    assert.ok(held.flags.includes('instructions'), JSON.stringify(held));
    assert.equal(await connection.served(), accepted);
  } finally {
    await service.close();
  }
});

type Connected = {
  served(): Promise<string>;
  sync(): Promise<Json>;
  accept(): Promise<Json>;
  upgrade(version?: number): Promise<Json>;
  tools(): Promise<readonly Json[]>;
  tool(name: string): Promise<Json>;
  patch(name: string, body: object): Promise<void>;
  call(name: string): Promise<Answer>;
  nameOf(slug: string): string;
};

async function ask(method: string, path: string, body?: unknown): Promise<Json> {
  const answer = await world.fetchJson(method, path, body);
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.text}`);
  return answer.json.data;
}

/** A connection of its own to what it is made of now, in a pack of its own with plain names. */
async function connect(nickname: string, body: object): Promise<Connected> {
  const { id, slug } = await ask('POST', '/v1/connections', body);
  const pack = await ask('POST', '/v1/packs', { name: nickname, names: 'plain', entries: [{ slug }] });
  const path = `/v1/connections/${id}`;
  const tools = (): Promise<readonly Json[]> => ask('GET', `${path}/tools?limit=100`);
  const tool = async (name: string): Promise<Json> => (await tools()).find((one) => one.name === name);
  return {
    tools,
    tool,
    async served() {
      const answer = await world.ask('POST', `/mcp/${pack.id}`, listing);
      assert.equal(answer.status, 200, answer.text);
      return JSON.stringify(answer.json.result.tools);
    },
    sync: () => ask('POST', `${path}/sync`),
    accept: () => ask('POST', `${path}/accept`),
    upgrade: (version) =>
      ask('POST', `${path}/upgrade`, version === undefined ? {} : { target_version: version }),
    async patch(name, body) {
      await ask('PATCH', `/v1/tools/${(await tool(name)).id}`, body);
    },
    call: (name) => world.fetchJson('POST', '/v1/calls', { pack: pack.id, tool: name }, agentKey),
    nameOf: (called) => called.slice(slug.length + 2),
  };
}

/** What was accepted, but for tools that are gone: these are refused with their reason. */
function without(accepted: string, held: Served): string {
  const tools: Json[] = JSON.parse(accepted);
  return JSON.stringify(tools.filter(({ name }) => held[name]?.[0] !== 'removed'));
}

const namesOf = (served: string): string[] => JSON.parse(served).map((one: Json) => one.name);

/** Rules as a patch leaves them: field by field, the map whole. */
function merged(rules: Json, patch: Json): Json {
  const inputs = Object.entries({ ...rules.inputs, ...patch.inputs }).filter(([, rule]) => rule !== null);
  return { ...rules, ...patch, inputs: Object.fromEntries(inputs) };
}

async function assertStale(
  connection: Connected,
  { staleInputs = [], stalePaths = [] }: Pick<(typeof steps)[number], 'staleInputs' | 'stalePaths'>,
): Promise<void> {
  const none = { stale_inputs: [], stale_paths: [] };
  const told = (await connection.tools()).map(({ name, stale_inputs, stale_paths }) => [
    name,
    { stale_inputs, stale_paths },
  ]);
  const found: Json = { stale_inputs: staleInputs, stale_paths: stalePaths };
  assert.deepEqual(
    told,
    told.map(([name]) => [name, name === 'find' ? found : none]),
  );
}

/** Every tool that is served is really called; what destroys asks first, and runs by a yes. */
async function assertEachRuns(connection: Connected, service: DriftingService): Promise<void> {
  const effects = new Map((await connection.tools()).map(({ name, effect }) => [name, effect]));
  for (const name of namesOf(await connection.served())) {
    const before = service.calls();
    if (effects.get(name) === 'destructive') {
      const { json, text } = await connection.call(name);
      assert.equal(json.structuredContent?.error, 'confirmation_required', text);
      assert.equal(service.calls(), before, 'the service is untouched');
      await ask('POST', `/v1/approvals/${json.structuredContent.approval_id}/approve`, {});
    }
    await assertDone(connection.call(name));
    assert.equal(service.calls(), before + 1, name);
  }
}

async function assertDone(call: Promise<Answer>): Promise<void> {
  const { status, json, text } = await call;
  assert.equal(status, 200, text);
  assert.equal(json.isError, false, text);
}

async function assertRefused(call: Promise<Answer>, sentence: string | RegExp): Promise<void> {
  const { status, json, text } = await call;
  assert.equal(status, 200, text);
  assert.equal(json.isError, true, text);
  if (typeof sentence === 'string') assert.equal(json.content[0].text, sentence);
  else assert.match(json.content[0].text, sentence);
}
