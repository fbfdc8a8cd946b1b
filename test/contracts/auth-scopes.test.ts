import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startWorld, type World } from '../world.ts';
import {
  openAccounts,
  openScopes,
  protocols,
  scopes,
  type Accounts,
  type Desk,
  type Owner,
  type Person,
  type Protocol,
  type Scope,
} from './scopes-desk.ts';

// The matrix: for every user, scope, protocol and service, whose Bearer arrived.

type Cell = { person: Person; scope: Scope; protocol: Protocol; tool: 'mail__send' | 'notes__keep' };
/** The account a cell’s calls run as, or why they are refused. */
type Expected = { account: string } | { error: string };

const organization: Owner = { type: 'organization', id: null };
const tools = ['mail__send', 'notes__keep'] as const;

let world: World;
let accounts: Accounts;
let desk: Desk;
let people: Person[];
let packs: Record<Scope, string>;
let calls = 0;

before(async () => {
  world = await startWorld();
  accounts = await openAccounts();
  desk = await openScopes(world, accounts);
  people = [
    await desk.person('ada', 'acme'),
    await desk.person('bob', 'acme'),
    await desk.person('cyd', 'beta'),
    await desk.person('dan'),
  ];
  packs = {
    INDIVIDUAL: await desk.pack('INDIVIDUAL'),
    SHARED: await desk.pack('SHARED'),
    ORGANIZATION: await desk.pack('ORGANIZATION'),
  };
});
after(async () => {
  await world.close();
  await accounts.close();
});

const userOwner = ({ id }: Person): Owner => ({ type: 'user', id });
const companyOwner = (id: string): Owner => ({ type: 'company', id });

const cells = (): Cell[] =>
  people.flatMap((person) =>
    scopes.flatMap((scope) =>
      protocols.flatMap((protocol) => tools.map((tool) => ({ person, scope, protocol, tool }))),
    ),
  );

function expectedOf({ person, scope }: Cell): Expected {
  switch (scope) {
    case 'INDIVIDUAL':
      return { account: `account of ${person.name}` };
    case 'SHARED':
      return person.company
        ? { account: `account of ${person.company}` }
        : { error: 'invalid_company_for_shared_scope' };
    case 'ORGANIZATION':
      return { account: 'account of all' };
  }
}

const titleOf = ({ person, scope, protocol, tool }: Cell): string =>
  `${person.name}, ${scope}, ${protocol}, ${tool}`;

/** Makes one cell’s call and holds what arrived, and what was answered, against what it must be. */
async function check(cell: Cell, expected: Expected): Promise<void> {
  calls += 1;
  const call = `call-${calls}`;
  const { person, scope, protocol, tool } = cell;
  const { isError, said } = await desk.call(protocol, packs[scope], person, tool, { call });
  const arrived = accounts.seen.filter((seen) => seen.call === call);
  if ('error' in expected) {
    assert.equal(isError, true, titleOf(cell));
    assert.equal(said['error'], expected.error, titleOf(cell));
    assert.equal(said['error_reason'], expected.error);
    assert.deepEqual(arrived, [], titleOf(cell));
    return;
  }
  assert.equal(isError, false, `${titleOf(cell)}: ${JSON.stringify(said)}`);
  assert.deepEqual(said, { account: expected.account }, titleOf(cell));
  const names = arrived.map(({ service, bearer }) => [service, accounts.names.get(bearer ?? '')]);
  assert.deepEqual(names, [[tool.split('__')[0], expected.account]], titleOf(cell));
}

describe('the matrix of users, scopes and protocols', () => {
  it('without any credential no cell reaches a service', async () => {
    for (const cell of cells()) {
      const expected = expectedOf(cell);
      await check(cell, 'error' in expected ? expected : { error: 'reauth_required' });
    }
    assert.deepEqual(accounts.seen, []);
  });

  it('in each cell the Bearer of the scope’s owner arrived at the service, never another’s', async () => {
    for (const person of people) await desk.give(userOwner(person), `account of ${person.name}`);
    for (const company of ['acme', 'beta']) await desk.give(companyOwner(company), `account of ${company}`);
    await desk.give(organization, 'account of all');
    for (const cell of cells()) await check(cell, expectedOf(cell));
  });

  it('a hundred calls at once, of all cells mixed, are each answered for their own user', async () => {
    const all = cells();
    // A step that shares no factor with the number of cells visits them in a mixed order.
    const mixed = Array.from({ length: 100 }, (_, index) => all[(index * 37) % all.length]!);
    await Promise.all(mixed.map((cell) => check(cell, expectedOf(cell))));
  });

  it('a credential that is taken away is missed in its owner’s cells, and in no other', async () => {
    const [ada] = people;
    const owners: [Owner, string, (cell: Cell) => boolean][] = [
      [userOwner(ada!), 'account of ada', ({ scope, person }) => scope === 'INDIVIDUAL' && person === ada],
      [
        companyOwner('acme'),
        'account of acme',
        ({ scope, person }) => scope === 'SHARED' && person.company === 'acme',
      ],
      [organization, 'account of all', ({ scope }) => scope === 'ORGANIZATION'],
    ];
    for (const [owner, name, isMissed] of owners) {
      const take = await desk.give(owner, name);
      await take();
      const few = cells().filter(({ protocol }) => protocol === 'rest' || protocol === 'mcp/2026-07-28');
      await Promise.all(
        few.map((cell) => check(cell, isMissed(cell) ? { error: 'reauth_required' } : expectedOf(cell))),
      );
      await desk.give(owner, name);
    }
  });

  it('while credentials are replaced again and again under a hundred calls, each is answered for its own user', async () => {
    const all = cells();
    let isDone = false;
    let rounds = 0;
    const replacing = (async () => {
      for (; !isDone; rounds += 1) {
        for (const person of people) await desk.give(userOwner(person), `account of ${person.name}`);
        for (const company of ['acme', 'beta']) {
          await desk.give(companyOwner(company), `account of ${company}`);
        }
        await desk.give(organization, 'account of all');
      }
    })();
    const mixed = Array.from({ length: 100 }, (_, index) => all[(index * 41) % all.length]!);
    const told = await Promise.all(
      mixed.map(async ({ person, scope, protocol, tool }) => {
        calls += 1;
        const answer = await desk.call(protocol, packs[scope], person, tool, { call: `call-${calls}` });
        return { cell: { person, scope, protocol, tool }, answer };
      }),
    );
    isDone = true;
    await replacing;
    assert.ok(rounds > 0);
    for (const { cell, answer } of told) {
      const expected = expectedOf(cell);
      if ('error' in expected) assert.equal(answer.said['error'], expected.error);
      else assert.deepEqual(answer.said, { account: expected.account }, titleOf(cell));
    }
  });
});
