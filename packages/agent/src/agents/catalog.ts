import type { OpenProvider } from './provider.ts';

/** Every agent that `holdfast-agent run` knows, each loaded only when it is asked for. */
const catalog: Readonly<Record<string, () => Promise<OpenProvider>>> = {
  claude: async () => (await import('./provider.claude.ts')).openClaude,
  demo: async () => (await import('./provider.demo.ts')).openDemo,
};

export const agentNames: readonly string[] = Object.keys(catalog);

/** How to open the agent of this name; undefined when there is none. */
export async function findProvider(agent: string): Promise<OpenProvider | undefined> {
  return Object.hasOwn(catalog, agent) ? catalog[agent]?.() : undefined;
}
