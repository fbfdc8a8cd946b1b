import {
  connectCatalog,
  connectMcp,
  connectOpenapi,
  previewMcp,
  previewOpenapi,
  type Connection,
} from '../../../../connections/index.ts';
import { bodyProblem, invalid } from '../../../../kernel/index.ts';
import { countTools, priceTools } from '../../../../tools/index.ts';
import type { Asked } from '../../route.ts';
import { readCatalog, readMcp, readOpenapi, writeConnection } from './codec.ts';
import type { ConnectBody } from './schema.ts';

type Asking = Pick<Asked, 'ctx'>;

/** Connects what the body names, by its kind. */
export async function connect({ ctx }: Asking, body: ConnectBody): Promise<unknown> {
  const write = async (connection: Connection) => {
    const counts = await countTools(ctx, [connection]);
    return writeConnection(connection, counts.get(connection.id));
  };
  switch (body.kind) {
    case 'catalog':
      return write(await connectCatalog(ctx, readCatalog(body)));
    case 'mcp':
      return write(await connectMcp(ctx, readMcp(body)));
    case 'openapi': {
      const { connection, imported, toolsOff } = await connectOpenapi(ctx, readOpenapi(body));
      const count = imported.tools.length;
      return {
        ...(await write(connection)),
        left_out: imported.leftOut,
        ...(toolsOff
          ? { tools_off: `The document has ${count} operations: none is enabled until you choose.` }
          : {}),
      };
    }
  }
}

/** What connecting it would bring; creates nothing. */
export async function preview({ ctx }: Asking, body: ConnectBody): Promise<unknown> {
  switch (body.kind) {
    case 'catalog': {
      const message = 'A connector’s tools are in the catalog already: GET /v1/catalog/{slug} lists them.';
      throw invalid(bodyProblem('value_error', ['kind'], message));
    }
    case 'mcp': {
      const definitions = await previewMcp(ctx, readMcp(body));
      return writePreview(priceTools(body.nickname, definitions), []);
    }
    case 'openapi': {
      const imported = await previewOpenapi(ctx, readOpenapi(body));
      return writePreview(priceTools(body.nickname, imported.tools, imported.warnings), imported.leftOut);
    }
  }
}

function writePreview(priced: ReturnType<typeof priceTools>, leftOut: readonly unknown[]): unknown {
  const tools = priced.tools.map(({ name, effect, tokenCost, warnings }) => {
    return { name, effect, token_cost: tokenCost, warnings };
  });
  const { totalTokenCost, warnings } = priced;
  return { tools, left_out: leftOut, total_token_cost: totalTokenCost, warnings };
}
