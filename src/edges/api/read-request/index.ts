export * from './fields.ts';
export { defaultBodyLimit, readBytes } from './read-body.ts';
export { readInput, type Expected } from './read-input.ts';
