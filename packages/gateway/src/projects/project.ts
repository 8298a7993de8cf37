import type { CheckName, ProjectId, UserId } from '@holdfast/protocol';
import type { Secret } from '../lib/secret.ts';
import type { DraftPolicy } from '../pulls/draft/policy/policy.ts';

export type SshAddress = {
  readonly host: string;
  readonly port?: number;
  readonly user?: string;
  readonly path: string;
  readonly identityFile?: string;
  readonly knownHosts?: string;
  /** `SHA256:…`; pins the machine's key instead of known_hosts. */
  readonly hostKey?: string;
};

export type Workspace =
  | { readonly kind: 'local'; readonly path: string }
  | { readonly kind: 'ssh'; readonly ssh: SshAddress };

export type Project = {
  readonly id: ProjectId;
  readonly name: string;
  /** User ids; `*` is every signed-in user. */
  readonly members: readonly string[];
  /** Allowed agents; undefined: all. */
  readonly agents: readonly string[] | undefined;
  readonly workspace: Workspace;
  /** Handed to the agent as environment, never in argv. */
  readonly env: Readonly<Record<string, Secret>>;
  readonly checks: ProjectChecks;
  /** Absent: its drafts go nowhere. */
  readonly pulls?: ProjectPulls;
};

/** Where the drafts of a project go, and what they may be. */
export type ProjectPulls = {
  readonly target:
    | { readonly kind: 'github'; readonly owner: string; readonly repo: string }
    /** Secret, because an address may have a password in it. */
    | { readonly kind: 'git'; readonly remote: Secret };
  readonly policy: DraftPolicy;
};

/** What is configured of a project's checks; the machine finds by itself what is not. */
export type ProjectChecks = {
  /** `from` says who named the command. */
  readonly commands: Readonly<Partial<Record<CheckName, { readonly command: string; readonly from: string }>>>;
  /** Rules such as `lint.warnings<=0`, for every run. */
  readonly gates: readonly string[];
  readonly timeoutsS: Readonly<Partial<Record<CheckName, number>>>;
  /** Variables, of the machine's or the project's `env`, that the commands may see beyond the usual ones. */
  readonly passEnv: readonly string[];
};

export const noChecks: ProjectChecks = { commands: {}, gates: [], timeoutsS: {}, passEnv: [] };

/** Agents that a project without a list offers; any name may be asked for there. */
export const usualAgents: readonly string[] = ['claude', 'demo'];

export function isMember(project: Project, userId: UserId): boolean {
  return project.members.includes('*') || project.members.includes(userId);
}

export function allowsAgent(project: Project, agent: string): boolean {
  return project.agents === undefined || project.agents.includes(agent);
}

/** Whether there is such an agent at all (contract section 5). */
export function isKnownAgent(agent: string): boolean {
  return usualAgents.includes(agent);
}
