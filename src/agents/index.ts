export * from './agent.ts';
export { createAgent } from './create-agent.ts';
export { deactivateAgents } from './deactivate-agents.ts';
export * from './delete-agent.ts';
export * from './enter-agent.ts';
export * from './get-agent.ts';
export * from './held-agents.ts';
export { updateAgent } from './update-agent.ts';
export * from './uses.ts';
