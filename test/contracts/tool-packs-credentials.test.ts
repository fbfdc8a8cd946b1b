import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { startWorld, type World } from '../world.ts';
import {
  openDesk,
  openServices,
  type Called,
  type Desk,
  type Service,
  type Services,
} from './tool-packs-desk.ts';

let world: World;
let services: Services;
let desk: Desk;
let mail: Service;
before(async () => {
  world = await startWorld();
  services = await openServices();
});
after(async () => {
  await world.close();
  await services.fake.close();
});
beforeEach(async () => {
  desk = await openDesk(world, services);
  mail = await desk.connect('mail', ['send', 'read'], 'bearer');
});

const tool = 'mail__send';
const organization = { type: 'organization', id: null } as const;
const user = (id: string) => ({ type: 'user', id }) as const;
const company = (originId: string) => ({ type: 'company', id: originId }) as const;

type Scope = 'INDIVIDUAL' | 'SHARED' | 'ORGANIZATION';
const packOf = (scope: Scope) => desk.pack([{ slug: 'mail', auth_scope: scope }]);
const addressOf = (pack: { id: string }, userId: string): string =>
  `/api/v1/tool-packs/${pack.id}/registered-users/${userId}/mcp`;

/** The token that a call reached the service with. */
async function tokenOf(address: string): Promise<string | null> {
  const before = mail.requests().length;
  const { body } = await desk.call(address, tool);
  assert.equal(body.result?.['isError'] ?? false, false, JSON.stringify(body));
  assert.equal(mail.requests().length, before + 1);
  return mail.lastToken();
}

/** What a call is told that never reaches the service. */
async function refusalOf(address: string): Promise<{ [key: string]: unknown }> {
  const before = mail.requests().length;
  const { body } = await desk.call(address, tool);
  assert.equal(mail.requests().length, before);
  return told(body);
}

function told(body: Called['body']): { [key: string]: unknown } {
  assert.equal(body.result?.['isError'], true, JSON.stringify(body));
  const [block] = body.result['content'] as { type: string; text: string }[];
  assert.equal(block!.type, 'text');
  const said = JSON.parse(block!.text) as { [key: string]: unknown };
  assert.deepEqual(body.result['structuredContent'], said);
  const { error, error_reason, message, ...link } = said;
  assert.equal(error, error_reason);
  assert.equal(typeof message, 'string');
  assert.ok(Object.keys(link).every((key) => key === 'magic_link_url'));
  return said;
}

describe('whose credential', () => {
  it('INDIVIDUAL: the registered user’s own', async () => {
    const [ada, bob] = [await desk.user('ada'), await desk.user('bob')];
    await desk.give('mail', user(ada), 'token-of-ada');
    await desk.give('mail', user(bob), 'token-of-bob');
    const pack = await packOf('INDIVIDUAL');
    assert.equal(await tokenOf(addressOf(pack, ada)), 'token-of-ada');
    assert.equal(await tokenOf(addressOf(pack, bob)), 'token-of-bob');
  });

  it('SHARED: one for each origin_company_id', async () => {
    const [ada, bob, eve] = [
      await desk.user('ada', 'acme'),
      await desk.user('bob', 'acme'),
      await desk.user('eve', 'evil'),
    ];
    await desk.give('mail', company('acme'), 'token-of-acme');
    const pack = await packOf('SHARED');
    assert.equal(await tokenOf(addressOf(pack, ada)), 'token-of-acme');
    assert.equal(await tokenOf(addressOf(pack, bob)), 'token-of-acme');
    assert.equal((await refusalOf(addressOf(pack, eve)))['error'], 'reauth_required');
  });

  it('SHARED: a user without a company is told invalid_company_for_shared_scope at the call', async () => {
    const loner = await desk.user('loner');
    const pack = await packOf('SHARED');
    const said = await refusalOf(addressOf(pack, loner));
    assert.equal(said['error'], 'invalid_company_for_shared_scope');
    assert.equal(said['error_reason'], 'invalid_company_for_shared_scope');
  });

  it('ORGANIZATION: one for the organization, whoever the user, and with none', async () => {
    const ada = await desk.user('ada');
    await desk.give('mail', organization, 'token-of-all');
    const pack = await packOf('ORGANIZATION');
    assert.equal(await tokenOf(addressOf(pack, ada)), 'token-of-all');
    assert.equal(await tokenOf(`/mcp/${pack.id}`), 'token-of-all');
  });

  for (const scope of ['INDIVIDUAL', 'SHARED', 'ORGANIZATION'] as const) {
    it(`no fallback from ${scope} to another scope, ever`, async () => {
      const ada = await desk.user('ada', 'acme');
      const owners = { INDIVIDUAL: user(ada), SHARED: company('acme'), ORGANIZATION: organization };
      for (const [held, owner] of Object.entries(owners)) {
        if (held !== scope) await desk.give('mail', owner, `token-of-${held}`);
      }
      const address = addressOf(await packOf(scope), ada);
      assert.equal((await refusalOf(address))['error'], 'reauth_required');
      await desk.give('mail', owners[scope], 'its-own');
      assert.equal(await tokenOf(address), 'its-own');
    });
  }

  it('changing the scope re-routes the next call at once; changing back finds the old one', async () => {
    const ada = await desk.user('ada', 'acme');
    await desk.give('mail', user(ada), 'token-of-ada');
    await desk.give('mail', company('acme'), 'token-of-acme');
    await desk.give('mail', organization, 'token-of-all');
    const pack = await packOf('INDIVIDUAL');
    const tokens = { SHARED: 'token-of-acme', ORGANIZATION: 'token-of-all', INDIVIDUAL: 'token-of-ada' };
    for (let round = 0; round < 2; round += 1) {
      for (const [scope, token] of Object.entries(tokens)) {
        await desk.ask('PATCH', pack.path, [{ slug: 'mail', auth_scope: scope }]);
        assert.equal(await tokenOf(addressOf(pack, ada)), token);
      }
    }
  });

  it('taking a connector out of a pack deletes no secret', async () => {
    const ada = await desk.user('ada');
    await desk.give('mail', user(ada), 'token-of-ada');
    const pack = await packOf('INDIVIDUAL');
    await desk.ask('PATCH', pack.path, [{ slug: 'mail', tool_names: [] }]);
    await desk.ask('PATCH', pack.path, [{ slug: 'mail' }]);
    assert.equal(await tokenOf(addressOf(pack, ada)), 'token-of-ada');
  });

  it('a connection without authentication is served in every scope and has no authenticate_<slug>', async () => {
    const open = await desk.connect('open', ['look']);
    const loner = await desk.user('loner');
    for (const auth_scope of ['INDIVIDUAL', 'SHARED', 'ORGANIZATION']) {
      const pack = await desk.pack([{ slug: 'open', auth_scope }]);
      for (const address of [addressOf(pack, loner), `/mcp/${pack.id}`]) {
        assert.deepEqual(await desk.list(address), ['open__look']);
        assert.deepEqual(await desk.list(`${address}?authenticated_only=true`), ['open__look']);
        const { body } = await desk.call(address, 'open__look');
        assert.notEqual(body.result?.['isError'], true);
      }
    }
    assert.equal(open.requests().length, 6);
    assert.equal(open.lastToken(), null);
  });

  it('a user who changes company loses the old company’s credential with that request', async () => {
    const ada = await desk.user('ada', 'acme');
    await desk.user('bob', 'beta');
    await desk.give('mail', company('acme'), 'token-of-acme');
    await desk.give('mail', company('beta'), 'token-of-beta');
    const pack = await packOf('SHARED');
    assert.equal(await tokenOf(addressOf(pack, ada)), 'token-of-acme');
    const move = (group: object | null) =>
      desk.ask('PATCH', `/api/v1/registered-users/${ada}/`, { shared_credential_group: group });
    await move({ origin_company_id: 'beta' });
    assert.equal(await tokenOf(addressOf(pack, ada)), 'token-of-beta');
    await move({ origin_company_id: 'gamma' });
    assert.equal((await refusalOf(addressOf(pack, ada)))['error'], 'reauth_required');
    await move(null);
    assert.equal((await refusalOf(addressOf(pack, ada)))['error'], 'invalid_company_for_shared_scope');
  });

  it('without a user only ORGANIZATION entries are served', async () => {
    await desk.connect('open', ['look']);
    for (const auth_scope of ['INDIVIDUAL', 'SHARED']) {
      const pack = await desk.pack([{ slug: 'mail', auth_scope }, { slug: 'open' }]);
      assert.deepEqual(await desk.list(`/mcp/${pack.id}`), ['open__look']);
      const { body } = await desk.call(`/mcp/${pack.id}`, tool);
      assert.equal(body.error?.code, -32602);
    }
    assert.equal(mail.requests().length, 0);
  });

  it('is the same by REST: POST /v1/calls answers the result of tools/call and its call_id', async () => {
    const ada = await desk.user('ada');
    const pack = await packOf('INDIVIDUAL');
    const body = { pack: pack.id, tool, arguments: {}, user: ada };
    const missing = await desk.ask('POST', '/v1/calls', body);
    assert.equal(missing.status, 200);
    assert.equal(missing.json.isError, true);
    assert.equal(missing.json.structuredContent.error, 'reauth_required');
    assert.equal(mail.requests().length, 0);
    await desk.give('mail', user(ada), 'token-of-ada');
    const { json } = await desk.ask('POST', '/v1/calls', body);
    assert.equal(json.isError, false);
    assert.equal(typeof json.call_id, 'string');
    assert.equal(mail.lastToken(), 'token-of-ada');
  });

  it('a key bound to one registered user acts for them at /mcp/{pack}', async () => {
    const ada = await desk.user('ada');
    await desk.give('mail', user(ada), 'token-of-ada');
    const pack = await packOf('INDIVIDUAL');
    const { key } = await desk.runtimeKey({ registered_user_ids: [ada] });
    await desk.call(`/mcp/${pack.id}`, tool, { key });
    assert.equal(mail.lastToken(), 'token-of-ada');
  });
});

describe('a missing credential', () => {
  it('the tools are listed beside authenticate_<slug>', async () => {
    const ada = await desk.user('ada');
    const pack = await packOf('INDIVIDUAL');
    const names = ['mail__send', 'mail__read', 'authenticate_mail'];
    assert.deepEqual(await desk.list(addressOf(pack, ada)), names);
  });

  it('calling without the credential gives isError with reauth_required, and the service sees no request', async () => {
    const ada = await desk.user('ada');
    const said = await refusalOf(addressOf(await packOf('INDIVIDUAL'), ada));
    assert.equal(said['error'], 'reauth_required');
    assert.equal(said['error_reason'], 'reauth_required');
    assert.match(String(said['message']), /mail is not connected/);
    assert.match(String(said['magic_link_url']), new RegExp(`^${world.url}/connect/[\\w-]{43}$`));
  });

  it('?authenticated_only=true hides what the user has no credential for', async () => {
    await desk.connect('open', ['look']);
    const ada = await desk.user('ada');
    const pack = await desk.pack([{ slug: 'mail' }, { slug: 'open' }]);
    const address = `${addressOf(pack, ada)}?authenticated_only=true`;
    assert.deepEqual(await desk.list(address), ['open__look']);
    assert.equal((await desk.call(address, tool)).body.error?.code, -32602);
    await desk.give('mail', user(ada), 'token-of-ada');
    assert.deepEqual(await desk.list(address), ['mail__send', 'mail__read', 'open__look']);
  });

  it('is mended by giving it: the next call runs', async () => {
    const ada = await desk.user('ada');
    const address = addressOf(await packOf('INDIVIDUAL'), ada);
    await refusalOf(address);
    await desk.give('mail', user(ada), 'token-of-ada');
    assert.equal(await tokenOf(address), 'token-of-ada');
    await desk.give('mail', user(ada), 'newer-token');
    assert.equal(await tokenOf(address), 'newer-token');
  });
});

describe('DELETE the credential of a registered user', () => {
  const pathOf = (id: string, slug = 'mail') =>
    `/api/v1/credentials/registered-users/${id}/connectors/${slug}/`;

  it('shreds it with 204: the next call needs a new one; a second time 404', async () => {
    const ada = await desk.user('ada');
    await desk.give('mail', user(ada), 'token-of-ada');
    await desk.give('mail', organization, 'token-of-all');
    const address = addressOf(await packOf('INDIVIDUAL'), ada);
    const shown = async () => (await desk.ask('GET', `/api/v1/registered-users/${ada}/`)).json;
    assert.deepEqual((await shown()).authenticated_connectors, ['mail']);
    assert.equal((await desk.ask('DELETE', pathOf(ada))).status, 204);
    assert.equal((await refusalOf(address))['error'], 'reauth_required');
    assert.deepEqual((await shown()).authenticated_connectors, []);
    assert.equal((await desk.ask('DELETE', pathOf(ada))).status, 404);
    const everybody = await packOf('ORGANIZATION');
    assert.equal(await tokenOf(addressOf(everybody, ada)), 'token-of-all');
  });

  it('absent and foreign users and connectors are the same 404', async () => {
    const ada = await desk.user('ada');
    await desk.give('mail', user(ada), 'token-of-ada');
    const stranger = await openDesk(world, services);
    await stranger.connect('mail', ['send'], 'bearer');
    const answers = [
      await stranger.ask('DELETE', pathOf(ada)),
      await desk.ask('DELETE', pathOf(ada, 'nobody')),
      await desk.ask('DELETE', pathOf('user_000000000000000000000000')),
    ];
    for (const { status, text } of answers) {
      assert.equal(status, 404);
      assert.equal(text, answers[0]!.text);
    }
    assert.equal(await tokenOf(addressOf(await packOf('INDIVIDUAL'), ada)), 'token-of-ada');
  });

  it('needs credentials:write', async () => {
    const ada = await desk.user('ada');
    const { key } = await desk.runtimeKey();
    assert.equal((await desk.ask('DELETE', pathOf(ada), undefined, key)).status, 403);
  });
});
