import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assert as check, property, string } from 'fast-check';
import { checkRequest, decodeHeader, eraOf } from './check-headers.ts';
import type { Json } from '../../kernel/index.ts';
import type { Request } from './message.ts';

const meta = (version: string) => ({
  'io.modelcontextprotocol/protocolVersion': version,
  'io.modelcontextprotocol/clientCapabilities': {},
});
const body = (version: string | null): Json => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/list',
  params: version === null ? {} : { _meta: meta(version) },
});

describe('The era of a message', () => {
  const cases: [header: string | undefined, claim: string | null, era: string][] = [
    [undefined, null, 'legacy'],
    ['2025-06-18', null, 'legacy'],
    ['2026-07-28', null, 'modern'],
    ['1999-01-01', null, 'modern'],
    [undefined, '2026-07-28', 'modern'],
    ['2025-06-18', '2026-07-28', 'modern'],
    ['2026-07-28', '2025-06-18', 'modern'],
    ['2025-06-18', '2025-06-18', 'legacy'],
    [undefined, '2030-01-01', 'modern'],
  ];
  for (const [header, claim, era] of cases) {
    it(`is ${era} with header ${header} and claim ${claim}`, () => {
      const headers = header === undefined ? {} : { 'mcp-protocol-version': header };
      assert.equal(eraOf(headers, body(claim)), era);
    });
  }
});

describe('A mirrored header', () => {
  it('comes back from its sentinel for any text', () => {
    check(
      property(string({ unit: 'grapheme' }), (text) => {
        assert.equal(decodeHeader(`=?base64?${Buffer.from(text).toString('base64')}?=`), text);
      }),
    );
  });

  it('stands for itself when it is plain', () => {
    assert.equal(decodeHeader('crm__find'), 'crm__find');
    assert.equal(decodeHeader('=?BASE64?eA==?='), '=?BASE64?eA==?=');
  });

  for (const text of ['=?base64?%%%?=', '=?base64?eA?=', '=?base64?/w==?=', 'caf\u00e9', 'a\u0001b']) {
    it(`stands for nothing as ${JSON.stringify(text)}`, () => assert.equal(decodeHeader(text), null));
  }
});

it('lets no spelling of a name pass for another', () => {
  const request: Request = {
    kind: 'request',
    id: 1,
    method: 'tools/call',
    params: { name: 'crm__find', _meta: meta('2026-07-28') },
  };
  const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call' };
  checkRequest({ ...headers, 'mcp-name': 'crm__find' }, request);
  for (const name of ['CRM__find', 'crm__find, crm__find', 'crm__find\u00a0', '']) {
    assert.throws(() => checkRequest({ ...headers, 'mcp-name': name }, request), /Mcp-Name/);
  }
});
