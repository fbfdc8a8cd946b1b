import assert from 'node:assert/strict';
import { it } from 'node:test';
import { openSession, readCapabilities, sealSession, type SessionFacts } from './session-id.ts';

const key = Buffer.alloc(32, 1);
const facts: SessionFacts = {
  revision: '2025-06-18',
  capabilities: { elicitationForm: true, elicitationUrl: false, sampling: true, roots: false },
  issuedAt: new Date('2026-11-21T12:00:00.123Z'),
};

it('carries what the handshake agreed on', () => {
  assert.deepEqual(openSession(key, 'org key pack', sealSession(key, 'org key pack', facts)), facts);
});

it('is another id every time, of visible characters alone', () => {
  const ids = new Set(Array.from({ length: 100 }, () => sealSession(key, 'b', facts)));
  assert.equal(ids.size, 100);
  for (const id of ids) assert.match(id, /^[\x21-\x7e]+$/);
});

it('opens for nobody else, under no other key, and with no character changed', () => {
  const id = sealSession(key, 'org key pack', facts);
  assert.equal(openSession(key, 'org other pack', id), null);
  assert.equal(openSession(Buffer.alloc(32, 2), 'org key pack', id), null);
  for (let at = 0; at < id.length; at += 1) {
    const changed = id.slice(0, at) + (id[at] === 'A' ? 'B' : 'A') + id.slice(at + 1);
    assert.equal(openSession(key, 'org key pack', changed), null);
  }
  for (const text of ['', 'x', `${id}=`, id.slice(1), `${id} `]) {
    assert.equal(openSession(key, 'org key pack', text), null);
  }
});

it('reads what a client says it can be asked for, as each revision says it', () => {
  const forms = (value: object) => {
    const { elicitationForm, elicitationUrl } = readCapabilities(JSON.parse(JSON.stringify(value)));
    return [elicitationForm, elicitationUrl];
  };
  assert.deepEqual(forms({}), [false, false]);
  assert.deepEqual(forms({ elicitation: {} }), [true, false]);
  assert.deepEqual(forms({ elicitation: { url: {} } }), [false, true]);
  assert.deepEqual(forms({ elicitation: { form: {}, url: {} } }), [true, true]);
});
