import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import type { ProjectId } from '@holdfast/protocol';
import type { Environment } from '../lib/environment.ts';
import { Secret } from '../lib/secret.ts';
import { checkFields, toProjectChecks } from './read-checks.ts';
import { pullsFields, targetFault, toProjectPulls } from './read-pulls.ts';
import { usualAgents, type Project } from './project.ts';

/** Model keys that are handed to agents without being named in a project (contract section 2). */
const agentKeys = [
  'ANTHROPIC_API_KEY',
  'ANTHROPIC_AUTH_TOKEN',
  'ANTHROPIC_BASE_URL',
  'OPENAI_API_KEY',
  'OPENAI_BASE_URL',
];

const sshSchema = z.object({
  host: z.string().min(1),
  port: z.number().int().min(1).max(65_535).optional(),
  user: z.string().min(1).optional(),
  path: z.string().min(1),
  identityFile: z.string().optional(),
  knownHosts: z.string().optional(),
  hostKey: z.string().startsWith('SHA256:').optional(),
});
const projectSchema = z
  .object({
    ...pullsFields,
    id: z.string().regex(/^[a-z0-9-]{1,64}$/, 'must be 1 to 64 of a-z, 0-9 and -'),
    name: z.string().optional(),
    members: z.array(z.string().min(1)).default([]),
    agents: z.array(z.string().min(1)).optional(),
    workspace: z.union([z.object({ local: z.string().min(1) }).strict(), z.object({ ssh: sshSchema }).strict()], {
      error: 'must have either "local" (a directory) or "ssh" ({host, path, …})',
    }),
    env: z.record(z.string(), z.coerce.string()).default({}),
    ...checkFields,
  })
  .refine((project) => targetFault(project) === undefined, {
    path: ['pulls'],
    error: ({ input }) => targetFault(input),
    // All faults at once.
    when: () => true,
  });
const fileSchema = z.object({ projects: z.array(projectSchema).default([]) });
type ProjectEntry = z.infer<typeof projectSchema>;

/** The projects of HOLDFAST_CONFIG; without one, the directory as a sample project. What is wrong is added to `faults`. */
export function readProjects(env: Environment, directory: string | undefined, faults: string[]): Project[] {
  const file = env['HOLDFAST_CONFIG'];
  if (file === undefined || file === '') return [sampleProject(env, resolve(directory ?? '.'))];
  try {
    const text = interpolate(readFileSync(file, 'utf8'), env, faults);
    const read = fileSchema.safeParse(parseYaml(text) ?? {});
    if (read.success) return read.data.projects.map((entry) => toProject(entry, env));
    for (const issue of read.error.issues)
      faults.push(`HOLDFAST_CONFIG ${file}: ${issue.path.join('.')} ${issue.message}`);
  } catch (error) {
    faults.push(`HOLDFAST_CONFIG ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  return [];
}

/** `${NAME}` stands for the environment variable; one that is not set is a fault, not an empty string. Comments are left alone. */
function interpolate(text: string, env: Environment, faults: string[]): string {
  const lines = text.split('\n').map((line) => {
    if (line.trimStart().startsWith('#')) return line;
    return line.replaceAll(/\$\{([A-Za-z_]\w*)\}/g, (_match, name: string) => {
      const value = env[name];
      if (value === undefined) faults.push(`HOLDFAST_CONFIG names \${${name}}, which is not set`);
      return value ?? '';
    });
  });
  return lines.join('\n');
}

function toProject(entry: ProjectEntry, env: Environment): Project {
  const { workspace } = entry;
  const pulls = toProjectPulls(entry);
  return {
    id: entry.id as ProjectId,
    name: entry.name ?? entry.id,
    members: entry.members,
    agents: entry.agents,
    workspace:
      'local' in workspace
        ? { kind: 'local', path: resolve(workspace.local) }
        : { kind: 'ssh', ssh: withHome(workspace.ssh) },
    env: { ...keysFrom('local' in workspace ? env : {}), ...secrets(entry.env) },
    checks: toProjectChecks(entry, 'local' in workspace ? env : {}),
    ...(pulls && { pulls }),
  };
}

function withHome({
  port,
  user,
  identityFile,
  knownHosts,
  hostKey,
  ...rest
}: z.infer<typeof sshSchema>): Extract<Project['workspace'], { kind: 'ssh' }>['ssh'] {
  return {
    ...rest,
    ...(port === undefined ? {} : { port }),
    ...(user === undefined ? {} : { user }),
    ...(identityFile === undefined ? {} : { identityFile: fromHome(identityFile) }),
    ...(knownHosts === undefined ? {} : { knownHosts: fromHome(knownHosts) }),
    ...(hostKey === undefined ? {} : { hostKey }),
  };
}

function fromHome(path: string): string {
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : path;
}

function sampleProject(env: Environment, path: string): Project {
  const id =
    basename(path)
      .toLowerCase()
      .replaceAll(/[^a-z0-9-]+/g, '-')
      .replaceAll(/^-+|-+$/g, '') || 'project';
  return {
    id: id as ProjectId,
    name: basename(path) || id,
    members: ['*'],
    agents: [...usualAgents].reverse(),
    workspace: { kind: 'local', path },
    env: keysFrom(env),
    checks: toProjectChecks({ checks: {}, gates: [], checkTimeouts: {}, passEnv: [] }, env),
  };
}

/** Model keys go to agents on this machine as they are set here; a machine over there gets what its project names. */
function keysFrom(env: Environment): Record<string, Secret> {
  const found = agentKeys.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]));
  return secrets(Object.fromEntries(found));
}

function secrets(values: Readonly<Record<string, string>>): Record<string, Secret> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, new Secret(value)]));
}
