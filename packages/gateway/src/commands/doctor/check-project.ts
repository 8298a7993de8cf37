import { accessSync, constants, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Environment } from '../../lib/environment.ts';
import { localEnvironment } from '../../machines/link-environment.ts';
import { startProcess } from '../../machines/launcher.local.ts';
import type { Project } from '../../projects/project.ts';
import { agentsFinding, outputOf } from './agents-found.ts';
import { failed, type Finding } from './finding.ts';
import type { ProbeOptions } from './probe-options.ts';
import { checkRemote } from './remote-project.ts';

/** Most that one project may take, whatever hangs. */
const patienceMs = 60_000;

/** Whether a project's directory is there and can be written to, its machine can be reached, and which agents are there. */
export async function checkProject(
  project: Project,
  { environment }: { readonly environment: Environment },
  { signal }: { readonly signal: AbortSignal },
): Promise<readonly Finding[]> {
  const part = `project ${project.id}`;
  const agentFile = fileURLToPath(import.meta.resolve('@holdfast/agent/holdfast-agent.js'));
  const deadline = AbortSignal.timeout(patienceMs);
  const options = { agentFile, environment, signal: AbortSignal.any([signal, deadline]) };
  try {
    return project.workspace.kind === 'local'
      ? await checkLocal(part, project, project.workspace.path, options)
      : await checkRemote(part, project, project.workspace.ssh, options);
  } catch (error) {
    signal.throwIfAborted();
    return [
      failed(part, deadline.aborted ? `It took longer than ${patienceMs / 1_000} s; look at its machine.` : error),
    ];
  }
}

async function checkLocal(
  part: string,
  project: Project,
  path: string,
  { agentFile, environment, signal }: ProbeOptions,
): Promise<readonly Finding[]> {
  const fault = faultOfDirectory(path);
  if (fault !== undefined) return [failed(part, fault)];
  const env = Object.entries(project.env).map(([name, value]) => [name, value.reveal()] as const);
  const child = startProcess({
    file: process.execPath,
    args: [agentFile, 'agents', '--json'],
    env: { ...localEnvironment(environment), ...Object.fromEntries(env) },
  });
  const there: Finding = { part, state: 'ok', message: `${path} is there and writable` };
  return [there, agentsFinding(project, await outputOf(child, { signal }))];
}

function faultOfDirectory(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return `${path} is not there; make it, or mend the project's workspace.local.`;
  if (!found.isDirectory()) return `${path} is not a directory; mend the project's workspace.local.`;
  try {
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return undefined;
  } catch {
    return `${path} cannot be read and written by this user; mend its rights.`;
  }
}
