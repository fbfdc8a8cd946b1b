import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isFault } from '../../test/fakes/faults.ts';
import { createEgress } from './create-egress.ts';
import { createGuard } from './guard.ts';

const dns: Record<string, string[]> = {
  'public.test': ['93.184.215.14'],
  'private.test': ['10.1.2.3'],
  'mixed.test': ['93.184.215.14', '127.0.0.1'],
  'mapped.test': ['::ffff:169.254.169.254'],
  'nat64.test': ['64:ff9b::a9fe:a9fe'],
  'scoped.test': ['fe80::1%eth0'],
  'corp.test': ['10.1.2.3'],
};

const lookup = (hostname: string) =>
  dns[hostname]
    ? Promise.resolve(dns[hostname].map((address) => ({ address, family: address.includes(':') ? 6 : 4 })))
    : Promise.reject(new Error('ENOTFOUND'));

const guardOf = (allow: string[] = [], ownPort: number | null = null) =>
  createGuard({ allow, ownPort }, lookup);

const reaches = async (url: string, allow: string[] = [], localOrigin: string | null = null) => {
  const guard = guardOf(allow, 7420);
  const destination = guard.admit(url, localOrigin);
  if (!destination) return 'refused by text';
  return guard.resolve(destination).then(
    () => 'admitted',
    () => 'refused by address',
  );
};

describe('the egress guard', () => {
  const refusedByText = [
    'ftp://public.test/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'public.test',
    '//public.test/',
    'http://user@public.test/',
    'http://user:pass@public.test/',
    'http://:pass@public.test/',
    'http://public.test:0/',
    'http://127.0.0.1/',
    'http://127.1/',
    'http://127.255.255.254/',
    'http://127.0.0.1./',
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0x7f.0.0.1/',
    'http://0177.0.0.1/',
    'http://017700000001/',
    'http://127.0.0.1:8080/',
    'HTTP://127.0.0.1/',
    'http:\\\\127.0.0.1\\',
    'http:127.0.0.1/',
    'http://①②⑦.⓪.⓪.①/',
    'http://127。0。0。1/',
    'http://%31%32%37.0.0.1/',
    'http://0.0.0.0/',
    'http://0/',
    'http://10.0.0.1/',
    'http://172.16.0.1/',
    'http://172.31.255.255/',
    'http://192.168.1.1/',
    'http://169.254.169.254/latest/meta-data/',
    'http://0xa9fea9fe/',
    'http://100.64.0.1/',
    'http://100.100.100.200/',
    'http://168.63.129.16/',
    'http://192.0.0.192/',
    'http://192.0.2.1/',
    'http://198.18.0.1/',
    'http://203.0.113.1/',
    'http://224.0.0.1/',
    'http://240.0.0.1/',
    'http://255.255.255.255/',
    'http://[::]/',
    'http://[::1]/',
    'http://[0:0:0:0:0:0:0:1]/',
    'http://[::127.0.0.1]/',
    'http://[::7f00:1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/',
    'http://[::ffff:0:127.0.0.1]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[64:ff9b:1::1]/',
    'http://[2002:7f00:1::]/',
    'http://[2001:0:7f00:1::]/',
    'http://[2001:db8::1]/',
    'http://[fc00::1]/',
    'http://[fd00:ec2::254]/',
    'http://[fe80::1]/',
    'http://[fec0::1]/',
    'http://[ff02::1]/',
    'http://[100::1]/',
    'http://[4000::1]/',
    'http://localhost/',
    'http://LOCALHOST/',
    'http://localhost./',
    'http://localhost../',
    'http://foo.localhost:3000/',
    'http://ⓛocalhost/',
  ];
  for (const url of refusedByText) {
    it(`refuses ${url}`, async () => assert.equal(await reaches(url), 'refused by text'));
  }

  const refusedByAddress = [
    'private.test',
    'mixed.test',
    'mapped.test',
    'nat64.test',
    'scoped.test',
    'absent.test',
  ];
  for (const name of refusedByAddress) {
    it(`opens no socket to ${name}`, async () =>
      assert.equal(await reaches(`https://${name}/`), 'refused by address'));
  }

  const admitted: [string, string[]][] = [
    ['https://public.test/', []],
    ['https://PUBLIC.test./a?b', []],
    ['http://93.184.215.14:8080/', []],
    ['http://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/', []],
    ['http://[::ffff:93.184.215.14]/', []],
    ['http://127.0.0.1:3000/', ['127.0.0.1']],
    ['http://2130706433:3000/', ['127.0.0.1']],
    ['http://localhost:3000/', ['127.0.0.1']],
    ['http://[::ffff:10.1.2.3]/', ['10.0.0.0/8']],
    ['http://private.test/', ['10.0.0.0/8']],
    ['http://mixed.test/', ['127.0.0.0/8']],
    ['http://corp.test/', ['Corp.test']],
    ['http://corp.test:8080/', ['corp.test:8080']],
    ['http://127.0.0.1:3000/', ['127.0.0.1:3000']],
    ['http://[::1]:3000/', ['[::1]:3000']],
    ['http://[::1]:3000/', ['::1']],
    ['http://[fd00::1]/', ['fd00::/8']],
  ];
  for (const [url, allow] of admitted) {
    it(`admits ${url} with ${JSON.stringify(allow)}`, async () =>
      assert.equal(await reaches(url, allow), 'admitted'));
  }

  const notCovered: [string, string[]][] = [
    ['http://127.0.0.1:3001/', ['127.0.0.1:3000']],
    ['http://127.0.0.2/', ['127.0.0.1']],
    ['http://[::1]/', ['127.0.0.1']],
    ['http://corp.test:81/', ['corp.test:80']],
    ['http://private.test/', ['corp.test']],
    ['http://sub.corp.test/', ['corp.test']],
    ['http://[::7f00:1]/', ['127.0.0.1', '127.0.0.0/8']],
    ['http://user@127.0.0.1/', ['127.0.0.1']],
  ];
  for (const [url, allow] of notCovered) {
    it(`does not stretch ${JSON.stringify(allow)} to ${url}`, async () =>
      assert.notEqual(await reaches(url, allow), 'admitted'));
  }

  it('admits exactly the loopback origin the operator named for a connection', async () => {
    const local = 'http://127.0.0.1:3000';
    assert.equal(await reaches('http://127.0.0.1:3000/mcp', [], local), 'admitted');
    assert.equal(await reaches('http://localhost:3000/mcp', [], 'http://localhost:3000'), 'admitted');
    assert.equal(await reaches('http://127.0.0.1:3001/mcp', [], local), 'refused by text');
    assert.equal(await reaches('https://127.0.0.1:3000/mcp', [], local), 'refused by text');
    assert.equal(await reaches('http://127.0.0.2:3000/mcp', [], local), 'refused by text');
    assert.equal(await reaches('http://10.0.0.1/', [], 'http://10.0.0.1'), 'refused by text');
    assert.equal(await reaches('http://169.254.169.254/', [], 'http://169.254.169.254'), 'refused by text');
  });

  it('never admits our own port as a local origin', async () =>
    assert.equal(await reaches('http://127.0.0.1:7420/', [], 'http://127.0.0.1:7420'), 'refused by text'));

  for (const entry of [
    'http://10.0.0.1',
    '10.0.0.0/33',
    '10.0.0/8x',
    'a b',
    '10.0.0.0/',
    'x/8',
    'user@host',
  ]) {
    it(`does not start with ${JSON.stringify(entry)} in TOOLCRIB_EGRESS_ALLOW`, () =>
      assert.throws(() => guardOf([entry]), isFault('invalid')));
  }

  it('names the variable in one sentence for whatever address is refused', async () => {
    const egress = createEgress({ allow: [], ownPort: null }, { lookup });
    const messages = new Set<string>();
    for (const url of [
      'http://127.0.0.1/',
      'ftp://public.test/',
      'http://u@public.test/',
      'http://private.test/',
    ]) {
      await egress.check(url, { path: ['base_url'] }).catch((error: Error) => messages.add(error.message));
    }
    assert.equal(messages.size, 1);
    assert.match([...messages][0]!, /TOOLCRIB_EGRESS_ALLOW/);
    await egress.check('https://public.test/');
    await egress.check('https://absent.test/');
    await egress.close();
  });
});
