import { connectionSlug } from '../connections/index.ts';
import type { Definition, Effect, ImportWarning } from '../connectors/index.ts';
import { tokenCost } from './token-cost.ts';

/** What a tool that is not connected yet would be: its effect, its price and what to know about it. */
export type PricedTool = { name: string; effect: Effect; tokenCost: number; warnings: readonly string[] };

/** Clients prepend a name of their own, so longer ones may be cut or refused there. */
const comfortableSlug = 44;

/** Prices a listing as it would be served under a connection of this nickname. */
export function priceTools(
  nickname: string,
  definitions: readonly Definition[],
  warnings: readonly ImportWarning[] = [],
): { tools: readonly PricedTool[]; totalTokenCost: number; warnings: readonly string[] } {
  const stem = connectionSlug(nickname);
  const tools = definitions.map((definition): PricedTool => {
    const { name, title, description, inputSchema, effect, quarantine } = definition;
    const slug = `${stem}__${name}`;
    const said = warnings.filter((warning) => warning.tool === name).map(({ warning }) => warning);
    if (quarantine !== null) said.push(`It cannot be served: ${quarantine}`);
    if (slug.length > comfortableSlug) {
      said.push(`Its name with the connection's is ${slug.length} characters long; some clients cut at 64.`);
    }
    const cost = tokenCost({ name: slug, title, description, input_schema: inputSchema });
    return { name, effect, tokenCost: cost, warnings: said };
  });
  return {
    tools,
    totalTokenCost: tools.reduce((total, tool) => total + tool.tokenCost, 0),
    warnings: warnings.filter((warning) => warning.tool === null).map(({ warning }) => warning),
  };
}
