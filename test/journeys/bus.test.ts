import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { needsServer, testServer } from '../processes.ts';

const source = join(import.meta.dirname, '..', '..', 'src', 'kernel', 'index.ts');

describe('the change bus', { skip: needsServer }, () => {
  it('closed while it is being opened keeps no process alive, as a start that is refused at once', async () => {
    const program = `
      import { createNotifyBus } from ${JSON.stringify(source)};
      const bus = createNotifyBus({ connectionString: process.env.URL }, () => undefined);
      await bus.close();
      console.log('closed');`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module-typescript', '--eval', program],
      { env: { ...process.env, URL: testServer! }, timeout: 30_000 },
    );
    assert.equal(stdout, 'closed\n');
  });
});
