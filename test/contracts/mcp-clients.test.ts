import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernTransport,
} from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import type { OpenDatabase } from '../../src/kernel/index.ts';
import { createCounter, openGround, openReplica, toolOf, type Counter, type Replica } from './mcp-counter.ts';

const headers = { Authorization: 'Bearer good' };
const info = { name: 'test', version: '1' };

describe('The official clients', () => {
  let ground: OpenDatabase;
  let counter: Counter;
  let replica: Replica;
  let url: URL;

  before(async () => {
    ground = await openGround();
    counter = createCounter([toolOf('crm__find'), toolOf('crm__save')]);
    replica = await openReplica(counter, ground);
    url = new URL(`${replica.url}/mcp/desk`);
  });
  after(async () => {
    await replica.close();
    await ground.database.close();
  });

  const progressing: Counter['onCall'] = async ({ onProgress, arguments: sent }) => {
    onProgress?.({ progress: 1, total: 2 });
    return {
      callId: 'c',
      result: { content: [{ type: 'text', text: JSON.stringify(sent) }], isError: false },
    };
  };

  const untilAborted = (called: () => void, aborted: () => void): Counter['onCall'] => {
    return ({ signal }) => {
      called();
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          aborted();
          reject(signal.reason as Error);
        });
      });
    };
  };

  for (const mode of ['auto', 'legacy'] as const) {
    it(`of the current generation connects (${mode}), lists, calls, follows progress, cancels and is told`, async () => {
      const changed = Promise.withResolvers<void>();
      const client = new ModernClient(info, {
        versionNegotiation: { mode },
        listChanged: { tools: { onChanged: () => changed.resolve() } },
      });
      await client.connect(new ModernTransport(url, { requestInit: { headers } }));
      assert.equal(client.getNegotiatedProtocolVersion(), mode === 'auto' ? '2026-07-28' : '2025-11-25');
      const { tools } = await client.listTools();
      assert.deepEqual(
        tools.map((tool) => tool.name),
        counter.view.tools.map((tool) => tool.name),
      );
      const steps: number[] = [];
      counter.onCall = progressing;
      const call = { name: 'crm__find', arguments: { q: 1 } };
      const result = await client.callTool(call, { onprogress: ({ progress }) => void steps.push(progress) });
      assert.deepEqual(result.content, [{ type: 'text', text: '{"q":1}' }]);
      assert.deepEqual(steps, [1]);

      const [called, aborted] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      counter.onCall = untilAborted(called.resolve, aborted.resolve);
      const leaving = new AbortController();
      const abandoned = assert.rejects(client.callTool(call, { signal: leaving.signal }));
      await called.promise;
      leaving.abort();
      await Promise.all([abandoned, aborted.promise]);

      await assert.rejects(client.callTool({ name: 'gone' }), /No such tool here/);
      counter.change([...counter.view.tools, toolOf(`later_${mode}`)]);
      await changed.promise;
      await client.close();
    });
  }

  it('of the earlier generation connects, lists, calls, follows progress, cancels, is told and leaves', async () => {
    const client = new LegacyClient(info);
    const transport = new LegacyTransport(url, { requestInit: { headers } });
    const changed = Promise.withResolvers<void>();
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => changed.resolve());
    await client.connect(transport);
    const { tools } = await client.listTools();
    assert.equal(tools[0]?.name, 'crm__find');
    await client.ping();
    const steps: number[] = [];
    counter.onCall = progressing;
    const call = { name: 'crm__find', arguments: { q: 1 } };
    const result = await client.callTool(call, undefined, {
      onprogress: ({ progress }) => void steps.push(progress),
    });
    assert.deepEqual(result['content'], [{ type: 'text', text: '{"q":1}' }]);
    assert.deepEqual(steps, [1]);

    const [called, aborted] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    counter.onCall = untilAborted(called.resolve, aborted.resolve);
    const leaving = new AbortController();
    const abandoned = assert.rejects(client.callTool(call, undefined, { signal: leaving.signal }));
    await called.promise;
    leaving.abort();
    await Promise.all([abandoned, aborted.promise]);

    counter.change([...counter.view.tools, toolOf('later')]);
    await changed.promise;
    await transport.terminateSession();
    await assert.rejects(client.listTools());
    await client.close();
  });
});
