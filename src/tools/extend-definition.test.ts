import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Definition, HttpBody } from '../connectors/index.ts';
import { definitionOfAction } from './custom-action.ts';
import { extendDefinition, type ExtraParameter } from './extend-definition.ts';

const bare = (body: HttpBody | null = null): Definition => {
  const definition = definitionOfAction(
    {
      name: 'list',
      description: 'Lists.',
      effect: 'read',
      method: 'POST',
      path: '/list',
      parameters: [{ name: 'status', in: 'query', type: 'string' }],
      response: null,
    },
    {},
  );
  return { ...definition, binding: { ...definition.binding, body } as Definition['binding'] };
};
const extend = (extra: readonly ExtraParameter[], definition = bare()) => {
  const { inputSchema, binding } = extendDefinition(definition, extra);
  assert.ok(binding.kind === 'http');
  return {
    fields: Object.keys(inputSchema['properties'] as object),
    required: inputSchema['required'],
    closed: inputSchema['additionalProperties'],
    sent: binding.parameters.map((one) => `${one.in}:${one.name}`),
    members: binding.body?.members ?? null,
  };
};

describe('further parameters of a tool', () => {
  test('become fields of its input and of its request, and a closed input stays closed', () => {
    const made = extend([
      { name: 'page', in: 'query', type: 'integer', required: true },
      { name: 'X-Region', in: 'header', type: 'string', enum: ['eu'] },
      { name: 'note', in: 'body', type: 'string' },
    ]);
    assert.deepEqual(made, {
      fields: ['status', 'page', 'X-Region', 'note'],
      required: ['page'],
      closed: false,
      sent: ['query:status', 'query:page', 'header:X-Region'],
      members: { note: 'note' },
    });
  });

  test('are left out where the service declares the field or its place itself', () => {
    assert.deepEqual(extend([{ name: 'status', in: 'header', type: 'string' }]).sent, ['query:status']);
    const renamed = bare();
    const { binding } = renamed;
    assert.ok(binding.kind === 'http');
    const parameters = [{ ...binding.parameters[0]!, name: 'state' }];
    const moved = { ...renamed, binding: { ...binding, parameters } };
    assert.deepEqual(extend([{ name: 'state', in: 'query', type: 'string' }], moved).fields, ['status']);
  });

  test('are left out where the request has no place for them', () => {
    const whole: HttpBody = { contentType: 'text/plain', members: null, whole: 'body', encoding: {} };
    assert.deepEqual(extend([{ name: 'note', in: 'body', type: 'string' }], bare(whole)).fields, ['status']);
    assert.deepEqual(extend([{ name: 'id', in: 'path', type: 'string' }]).fields, ['status']);
  });
});
