import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fault } from '../kernel/index.ts';
import { importAside } from './import-aside.ts';
import { importOpenapi } from './import-openapi.ts';

const documentOf = (count: number): object => ({
  openapi: '3.1.0',
  info: { title: 'Large', version: '1' },
  servers: [{ url: 'https://large.example' }],
  paths: Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `/things/${index}`,
      {
        get: {
          operationId: `get_${index}`,
          description: 'What it is. '.repeat(40),
          responses: {
            200: {
              description: 'ok',
              content: { 'application/json': { schema: { $ref: '#/components/schemas/Thing' } } },
            },
          },
        },
      },
    ]),
  ),
  components: { schemas: { Thing: { type: 'object', properties: { id: { type: 'string' } } } } },
});

describe('a large document', () => {
  it('is imported in a thread of its own as it would be here', async () => {
    const document = documentOf(700);
    const text = JSON.stringify(document);
    const here = importOpenapi(document);
    let ticks = 0;
    const ticking = setInterval(() => (ticks += 1), 1);
    const aside = await importAside(text);
    clearInterval(ticking);
    assert.deepEqual(aside, here);
    assert.deepEqual(await importAside(document), here);
    // Whatever the machine: a thread that is started and answers lets at least one timer through.
    assert.ok(ticks > 0);
  });

  it('is refused there in the same words and at the same place', async () => {
    const text = JSON.stringify({ ...documentOf(700), openapi: '9.9' });
    const faultOf = async (work: () => unknown): Promise<Fault> => {
      try {
        await work();
      } catch (error) {
        if (error instanceof Fault) return error;
        throw error;
      }
      assert.fail('it was imported');
    };
    const here = await faultOf(() => importOpenapi(text));
    const aside = await faultOf(() => importAside(text));
    assert.deepEqual(
      [aside.kind, aside.message, aside.code, aside.problems],
      [here.kind, here.message, here.code, here.problems],
    );
  });
});
