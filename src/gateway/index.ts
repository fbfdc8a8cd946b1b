export { createGateway, type FullGateway } from './create-gateway.ts';
export type { Tried, TryInput } from './try-tool.ts';
export type { LinkSource } from './consent-links.ts';
export { viewContext } from './records.ts';
export * from './turn-name.ts';
export * from './types.ts';
