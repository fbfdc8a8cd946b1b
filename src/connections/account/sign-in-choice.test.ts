import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AuthMethod } from '../../connectors/index.ts';
import { Fault } from '../../kernel/index.ts';
import { authConfigOf, authModeOf, chooseMethod, type MethodWish } from './sign-in-choice.ts';

const header: AuthMethod = { type: 'api_key', in: 'header', name: 'X-Key', source: 'https://docs.test' };
const query: AuthMethod = { type: 'api_key', in: 'query', name: 'key' };
const client: AuthMethod = {
  type: 'oauth2_client_credentials',
  token_url: 'https://auth.test',
  scopes: ['read'],
};
const server: AuthMethod = { type: 'mcp_oauth' };
const none: AuthMethod = { type: 'none' };
const offered = [server, client, header, query, none];
const paths = { authMode: ['auth_mode'], authConfig: ['auth_config'] };
const choose = (current: AuthMethod, wish: MethodWish, from = offered): AuthMethod =>
  chooseMethod(from, current, wish, paths);
const placeOf = (current: AuthMethod, wish: MethodWish, from = offered): string => {
  try {
    choose(current, wish, from);
  } catch (error) {
    if (error instanceof Fault) return error.problems.map(({ path }) => path.join('/')).join();
  }
  return 'taken';
};

describe('how a connection signs in', () => {
  it('stays where nothing is wished, and where what it has is what is wished', () => {
    assert.equal(choose(query, {}), query);
    assert.equal(choose(query, { authMode: 'vault' }), query);
    for (const method of offered) {
      const read = { authMode: authModeOf(method), authConfig: authConfigOf(method) };
      assert.deepEqual(choose(method, read), method);
    }
  });

  it('is the first by hand of the mode that is named, or the connector’s usual one', () => {
    assert.equal(choose(none, { authMode: 'vault' }), header);
    assert.equal(choose(header, { authMode: 'connection' }), server);
    assert.equal(choose(server, { authMode: null }), header);
    assert.equal(choose(query, { authConfig: null }), header);
    assert.equal(choose(none, { authMode: 'vault' }, [server, client]), client);
  });

  it('is the one of which all settings are said', () => {
    assert.deepEqual(choose(header, { authConfig: { method: 'api_key', in: 'query' } }), query);
    assert.deepEqual(choose(none, { authConfig: { name: 'key' } }), query);
    assert.equal(choose(header, { authConfig: { method: 'api_key' } }), header);
    assert.equal(placeOf(header, { authConfig: { method: 'api_key', name: 'other' } }), 'auth_config/name');
    assert.equal(placeOf(header, { authConfig: { toString: 1 } }), 'auth_config/toString');
  });

  it('is refused where the connector has none such', () => {
    assert.equal(placeOf(header, { authConfig: { method: 'basic' } }), 'auth_config/method');
    assert.equal(placeOf(header, { authMode: 'none' }, [header]), 'auth_mode');
    const other = { authMode: 'connection', authConfig: { method: 'api_key' } } as const;
    assert.equal(placeOf(header, other), 'auth_config/method');
  });

  it('keeps a method that the connector does not offer any more', () => {
    assert.equal(choose(query, { authConfig: authConfigOf(query) }, [header]), query);
  });

  it('says nothing in its settings that is said for people only', () => {
    assert.deepEqual(authConfigOf(header), { method: 'api_key', in: 'header', name: 'X-Key' });
  });
});
