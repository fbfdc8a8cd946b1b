import { describeTool, type Tool } from '../tools/index.ts';

/** What a sample holds, counted: for the output of a start. `tokens` is what its enabled tools cost a model. */
export type SampleCounts = {
  tools: number;
  off: number;
  pinned: number;
  trimmed: number;
  tokens: number;
};

/** Counts from the tools themselves; nothing is told that was not measured. */
export function describeSample(tools: readonly Tool[]): SampleCounts {
  const on = tools.filter((tool) => tool.curation.isEnabled);
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
  return {
    tools: tools.length,
    off: tools.length - on.length,
    pinned: sum(on.map((tool) => describeTool(tool).pinnedCount)),
    trimmed: on.filter((tool) => tool.curation.responseMap !== null).length,
    tokens: sum(on.map((tool) => describeTool(tool).tokenCost.served)),
  };
}
