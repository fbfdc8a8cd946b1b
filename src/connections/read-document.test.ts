import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { closedPort, httpService } from '../../test/fakes/http-service.ts';
import { createEgress } from '../egress/index.ts';
import { Fault } from '../kernel/index.ts';
import type { ConnectionsCtx } from './ctx.ts';
import { readOpenapiDocument } from './read-document.ts';

test('refuses an address that answers with something else, however much of it, and goes on', async () => {
  const egress = createEgress({ allow: ['127.0.0.1'], ownPort: null });
  const service = await httpService(({ url }, response) => {
    response.writeHead(url === '/cut' ? 200 : 404, { 'content-type': 'text/plain' });
    response.write('x'.repeat(300_000));
    if (url === '/cut') setImmediate(() => response.destroy());
    else if (url === '/ended') response.end();
  });
  after(async () => {
    await service.close();
    await egress.close();
  });
  const ctx = { egress, isLaptop: true, caller: { principal: {} } } as unknown as ConnectionsCtx;
  const refusal = (documentUrl: string): Promise<unknown> =>
    readOpenapiDocument(ctx, { documentUrl }).then(
      () => null,
      (error: unknown) => error,
    );
  for (const url of [
    `${service.url}/ended`,
    `${service.url}/endless`,
    `${service.url}/cut`,
    `http://127.0.0.1:${await closedPort()}/`,
  ]) {
    const fault = await refusal(url);
    assert.ok(fault instanceof Fault && fault.kind === 'invalid', `${url}: ${String(fault)}`);
    assert.match(fault.message, /could not be read/);
  }
});
