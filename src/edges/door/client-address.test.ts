import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clientAddressReader } from './client-address.ts';

describe('clientAddressReader', () => {
  it('takes the peer where no proxy is trusted, whatever a header says', () => {
    const read = clientAddressReader([]);
    assert.equal(read('::ffff:203.0.113.9', '198.51.100.1'), '203.0.113.9');
    assert.equal(read('2001:db8::1', undefined), '2001:db8::1');
  });

  it('takes a header from a trusted proxy, and no further than trusted proxies go', () => {
    const read = clientAddressReader(['10.0.0.0/8', '192.0.2.7']);
    assert.equal(read('10.1.1.1', '198.51.100.1'), '198.51.100.1');
    assert.equal(read('10.1.1.1', '1.2.3.4, 198.51.100.1, 192.0.2.7'), '198.51.100.1');
    assert.equal(read('203.0.113.9', '198.51.100.1'), '203.0.113.9');
    assert.equal(read('10.1.1.1', undefined), '10.1.1.1');
    assert.equal(read('10.1.1.1', 'nonsense'), '10.1.1.1');
  });
});
