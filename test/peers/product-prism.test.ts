import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { closedPort } from '../fakes/http-service.ts';
import { dataOf, startProduct, type ConnectionRow, type Product } from './product-start.ts';
import { speakersOf, type Heard, type Speaker } from './product-speakers.ts';
import { wiretap, type Wiretap } from './product-upstreams.ts';

const notion = fileURLToPath(
  new URL('../../node_modules/@notionhq/notion-mcp-server/scripts/notion-openapi.json', import.meta.url),
);
const prism = fileURLToPath(
  new URL('../../node_modules/@stoplight/prism-cli/dist/index.js', import.meta.url),
);

/** Notion as its own description says it is: prism answers 4xx to every request the description forbids. */
async function startPrism(): Promise<{ url: string; close(): Promise<void> }> {
  const port = await closedPort();
  const child = spawn(process.execPath, [prism, 'mock', '--host', '127.0.0.1', '--port', `${port}`, notion], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (text: Buffer) => text.includes('is listening on') && resolve());
    child.once('exit', () => reject(new Error('prism did not start')));
  });
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

type Operation = {
  responses: { 200: { content: { 'application/json': { schema?: object; examples?: object } } } };
};
type Description = { paths: { [path: string]: { [method: string]: Operation } } };

const id = '59833787-2cf9-4fdf-8782-e53db20768a5';
const token = 'ntn_0123456789abcdefghijklmnopqrst';

/** Calls of different shapes, and what each must look like on the wire. */
const calls = [
  {
    shape: 'a path parameter',
    tool: 'get-user',
    args: { user_id: id },
    wire: ['GET', `/v1/users/${id}`],
    operation: ['/v1/users/{user_id}', 'get'],
  },
  {
    shape: 'no parameter at all',
    tool: 'get-self',
    args: {},
    wire: ['GET', '/v1/users/me'],
    operation: ['/v1/users/me', 'get'],
  },
  {
    shape: 'query parameters, signed in',
    tool: 'get-users',
    args: { page_size: 2, start_cursor: 'a b&c' },
    wire: ['GET', '/v1/users?start_cursor=a%20b%26c&page_size=2'],
    operation: ['/v1/users', 'get'],
  },
  {
    shape: 'path and query',
    tool: 'get-block-children',
    args: { block_id: 'one/two?three', page_size: 5 },
    wire: ['GET', '/v1/blocks/one%2Ftwo%3Fthree/children?page_size=5'],
    operation: ['/v1/blocks/{block_id}/children', 'get'],
  },
  {
    shape: 'a flat body',
    tool: 'post-search',
    args: { query: 'plans', page_size: 3, filter: { value: 'page', property: 'object' } },
    wire: ['POST', '/v1/search'],
    body: { query: 'plans', page_size: 3, filter: { value: 'page', property: 'object' } },
    operation: ['/v1/search', 'post'],
  },
  {
    shape: 'a nested body with a list',
    tool: 'create-a-comment',
    args: { parent: { page_id: id }, rich_text: [{ text: { content: 'Ärger & Ähnliches' } }] },
    wire: ['POST', '/v1/comments'],
    body: { parent: { page_id: id }, rich_text: [{ text: { content: 'Ärger & Ähnliches' } }] },
    operation: ['/v1/comments', 'post'],
  },
  {
    shape: 'path and body',
    tool: 'patch-page',
    args: { page_id: id, in_trash: false, properties: { Name: { title: [] } }, icon: { emoji: '📦' } },
    wire: ['PATCH', `/v1/pages/${id}`],
    body: { in_trash: false, properties: { Name: { title: [] } }, icon: { emoji: '📦' } },
    operation: ['/v1/pages/{page_id}', 'patch'],
  },
  {
    shape: 'a referenced schema in the body',
    tool: 'post-page',
    args: { parent: { page_id: id }, properties: { title: [{ text: { content: 'Plan' } }] } },
    wire: ['POST', '/v1/pages'],
    body: { parent: { page_id: id }, properties: { title: [{ text: { content: 'Plan' } }] } },
    operation: ['/v1/pages', 'post'],
  },
  {
    shape: 'DELETE without a body',
    tool: 'delete-a-block',
    args: { block_id: id },
    wire: ['DELETE', `/v1/blocks/${id}`],
    operation: ['/v1/blocks/{block_id}', 'delete'],
  },
  {
    shape: 'a header parameter and a truth value in the query',
    tool: 'retrieve-page-markdown',
    args: { page_id: id, include_transcript: true, 'Notion-Version': '2026-03-11' },
    wire: ['GET', `/v1/pages/${id}/markdown?include_transcript=true`],
    operation: ['/v1/pages/{page_id}/markdown', 'get'],
  },
] as const;

describe('Notion, mocked from its own description', () => {
  let product: Product;
  let mock: { url: string; close(): Promise<void> };
  let tap: Wiretap;
  let description: Description;
  let connection: ConnectionRow;
  let speakers: readonly Speaker[];

  before(async () => {
    description = JSON.parse(await readFile(notion, 'utf8')) as Description;
    product = await startProduct();
    mock = await startPrism();
    tap = await wiretap(mock.url);
    connection = await product.connect({
      kind: 'openapi',
      nickname: 'Workspace',
      document: description,
      base_url: tap.url,
      auth: { type: 'bearer', token },
    });
    // What a call looks like is the question here; that a DELETE asks a person first has tests of its own.
    await product.curate(connection, 'delete-a-block', { requires_confirmation: false });
    const pack = await product.pack('pages', [{ slug: connection.slug }]);
    speakers = await speakersOf(product.url, pack.slug, await product.keyFor(pack));
  });
  after(async () => {
    await product.close();
    await tap.close();
    await mock.close();
  });

  const call = (tool: string, args: object): Promise<Heard> => speakers[0]!.call(`workspace__${tool}`, args);
  const documentedReply = ([path, method]: readonly [string, string]) =>
    description.paths[path]![method]!.responses[200].content['application/json'];

  it('becomes a tool for every operation', async () => {
    const operations = Object.values(description.paths).flatMap((item) => Object.values(item));
    const tools = await product.toolsOf(connection);
    assert.equal(tools.length, operations.filter((operation) => 'operationId' in operation).length);
    assert.ok(tools.every((tool) => tool.is_enabled));
  });

  for (const { shape, tool, args, wire, operation, ...more } of calls) {
    it(`takes ${tool}: ${shape}`, async () => {
      const from = tap.events.length;
      const { result, bytes } = await call(tool, args);
      assert.ok(result && !result.isError, bytes);
      const [seen, ...others] = tap.events.slice(from);
      assert.equal(others.length, 0);
      assert.deepEqual([seen!.method, seen!.path], wire);
      assert.deepEqual(seen!.message, 'body' in more ? more.body : {});
      assert.equal(seen!.headers['authorization'], `Bearer ${token}`);
      if ('Notion-Version' in args) assert.equal(seen!.headers['notion-version'], args['Notion-Version']);
      assert.ok(!bytes.includes(token));

      const { schema, examples = {} } = documentedReply(operation);
      const given = Object.values(examples).map(({ value }: { value: unknown }) => value);
      if (!schema && given.length === 0) {
        return assert.match(
          result.content[0]!.text!,
          /^The service answered with status 20\d and no body\.$/,
        );
      }
      const reply = JSON.parse(result.content[0]!.text!) as unknown;
      if (given.length > 0)
        assert.ok(
          given.some((one) => isDeepStrictEqual(one, reply)),
          bytes,
        );
      if (schema) {
        const ajv = new Ajv2020({ strict: false, validateFormats: false });
        assert.equal(ajv.validate(schema, reply), true, ajv.errorsText());
      }
    });
  }

  it('answers every protocol the same', async () => {
    const replies = [];
    for (const speaker of speakers) {
      const { result } = await speaker.call('workspace__get-self', {});
      replies.push(result!.content[0]!.text);
    }
    assert.equal(new Set(replies).size, 1);
  });

  it('is not asked what its description forbids, and the refusal names the field', async () => {
    const from = tap.events.length;
    for (const [tool, args, field] of [
      ['get-user', { user_id: 'nobody' }, 'user_id'],
      ['get-user', {}, 'user_id'],
      ['get-users', { page_size: 'many' }, 'page_size'],
      ['create-a-comment', { parent: { page_id: id } }, 'rich_text'],
      ['create-a-comment', { parent: {}, rich_text: [] }, 'page_id'],
      ['post-search', { filter: { value: 'database' } }, 'filter'],
      ['delete-a-block', { block_id: id, force: true }, 'force'],
    ] as const) {
      const { result, bytes } = await call(tool, args);
      assert.equal(result?.isError, true, bytes);
      assert.match(result.content[0]!.text!, new RegExp(field));
    }
    assert.equal(tap.events.length, from);
  });

  it('would have refused them: the mock looks at what it is asked', async () => {
    for (const [path, body] of [
      ['/v1/users/nobody', undefined],
      ['/v1/comments', { parent: {}, rich_text: [] }],
    ] as const) {
      const response = await fetch(mock.url + path, {
        method: body ? 'POST' : 'GET',
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      assert.equal(response.status, 400);
    }
  });

  it('says so where it wants to be signed in to and nobody has a credential', async () => {
    const body = { kind: 'openapi', nickname: 'Bare', document: description, base_url: tap.url };
    const bare = dataOf<ConnectionRow>(await product.ask('POST', '/v1/connections', { body }), 201);
    const pack = await product.pack('bare', [{ slug: bare.slug }]);
    const key = await product.keyFor(pack);
    const from = tap.events.length;
    for (const speaker of await speakersOf(product.url, pack.slug, key)) {
      const { result, bytes } = await speaker.call(`${bare.slug}__get-users`, {});
      assert.equal(result?.isError, true, bytes);
      assert.match(result.content[0]!.text!, /reauth_required/);
    }
    assert.equal(tap.events.length, from);
  });
});
