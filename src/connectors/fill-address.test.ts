import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../kernel/index.ts';
import type { ConfigField } from './connector-file.ts';
import { fillTemplate } from './fill-address.ts';

const field = (name: string, more: Partial<ConfigField> = {}): ConfigField => ({
  name,
  display_name: name,
  type: 'string',
  required: true,
  ...more,
});
const file = {
  config: [
    field('sub'),
    field('account'),
    field('region', { default: 'eu' }),
    field('server_url', { type: 'url' }),
  ],
};
const fill = (template: string, config: { [name: string]: unknown }) => fillTemplate(template, file, config);

const refused = (template: string, config: { [name: string]: unknown }, name: string) =>
  assert.throws(
    () => fill(template, config),
    (error: unknown) =>
      error instanceof Fault &&
      error.kind === 'invalid' &&
      error.problems[0]?.path.join('.') === `config.${name}`,
    JSON.stringify(config),
  );

test('fills host, path and whole addresses, and defaults', () => {
  assert.equal(
    fill('https://{sub}.{region}.example.com/v1', { sub: 'Acme' }),
    'https://acme.eu.example.com/v1',
  );
  assert.equal(
    fill('https://example.com/a/{account}', { account: 'x y?&#%' }),
    'https://example.com/a/x%20y%3F%26%23%25',
  );
  assert.equal(
    fill('{server_url}', { server_url: 'https://example.com/mcp/?k=1' }),
    'https://example.com/mcp?k=1',
  );
  assert.equal(fill('https://example.com/v1', {}), 'https://example.com/v1');
});

test('lets no value leave its place', () => {
  for (const sub of ['evil.com/', 'evil.com', 'a@b', 'a:80', '', '-a', 'a\n', '..', 'a b'])
    refused('https://{sub}.example.com', { sub }, 'sub');
  for (const account of ['a/b', '..', '.', 'a\\b', 'a\r\nb', '\uD800'])
    refused('https://example.com/{account}', { account }, 'account');
  for (const server_url of ['ftp://a', 'https://u:p@a', 'https://a/#x', 'a', 'file:///etc/passwd'])
    refused('{server_url}', { server_url }, 'server_url');
});

test('asks for what is missing and refuses what is no text', () => {
  refused('https://{sub}.example.com', {}, 'sub');
  refused('https://{sub}.example.com', { sub: ['a'] }, 'sub');
  refused('https://{sub}.example.com', Object.create({ sub: 'inherited' }) as { sub: string }, 'sub');
});
