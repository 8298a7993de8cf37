export { useAgentConnection, type AgentConnection, type AgentConnectionOptions } from './use-agent-connection.ts';
