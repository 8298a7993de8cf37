import { HoldfastError, type ProjectId, type UserId } from '@holdfast/protocol';
import { allowsAgent, isKnownAgent, isMember, type Project } from './project.ts';

/** The configured projects, as a person may see them. */
export class ProjectDirectory {
  readonly #projects: ReadonlyMap<ProjectId, Project>;

  constructor(projects: readonly Project[]) {
    this.#projects = new Map(projects.map((project) => [project.id, project]));
  }

  get(id: ProjectId): Project | undefined {
    return this.#projects.get(id);
  }

  of(userId: UserId): readonly Project[] {
    return [...this.#projects.values()].filter((project) => isMember(project, userId));
  }

  idsOf(userId: UserId): readonly ProjectId[] {
    return this.of(userId).map(({ id }) => id);
  }

  /** The project, if this person may work in it with this agent; `not_found` and `forbidden` otherwise. */
  enter(id: ProjectId, agent: string, userId: UserId): Project {
    const project = this.#projects.get(id);
    if (project === undefined) throw new HoldfastError('not_found', `There is no project ${id}.`);
    if (!isMember(project, userId)) throw new HoldfastError('forbidden', `You are not a member of the project ${id}.`);
    if (!isKnownAgent(agent)) throw new HoldfastError('not_found', `There is no agent ${agent}.`);
    if (!allowsAgent(project, agent)) {
      throw new HoldfastError('forbidden', `The project ${id} does not allow the agent ${agent}.`);
    }
    return project;
  }
}
