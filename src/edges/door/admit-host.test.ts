import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { admitHost } from './admit-host.ts';

const own = {
  publicUrl: new URL('https://crib.example'),
  allowedHosts: ['inner.example', 'port.example:8080'],
};
const socket = { localAddress: '::ffff:10.0.0.5', localPort: 7420 };

describe('admitHost', () => {
  it('knows the public address, with and without its usual port, in any case', () => {
    for (const host of ['crib.example', 'CRIB.example', 'crib.example:443', 'crib.example.']) {
      assert.equal(admitHost(host, socket, own), 'ours', host);
    }
    assert.equal(admitHost('crib.example:80', socket, own), 'foreign');
  });

  it('knows the address it listens on and loopback names, with the port it listens on', () => {
    for (const host of ['10.0.0.5:7420', 'localhost:7420', '127.0.0.1:7420', '[::1]:7420']) {
      assert.equal(admitHost(host, socket, own), 'ours', host);
    }
    for (const host of ['localhost', 'localhost:80', '10.0.0.6:7420', '127.0.0.2:7420']) {
      assert.equal(admitHost(host, socket, own), 'foreign', host);
    }
  });

  it('knows allowed hosts: any port where none is named', () => {
    assert.equal(admitHost('inner.example:9', socket, own), 'ours');
    assert.equal(admitHost('port.example:8080', socket, own), 'ours');
    assert.equal(admitHost('port.example', socket, own), 'foreign');
    assert.equal(admitHost('sub.inner.example', socket, own), 'foreign');
  });

  it('tells a foreign host from what is none', () => {
    assert.equal(admitHost('evil.example', socket, own), 'foreign');
    for (const host of [undefined, '', 'a b', 'user@crib.example', 'crib.example/x', 'crib.example:x']) {
      assert.equal(admitHost(host, socket, own), 'unreadable', String(host));
    }
  });
});
