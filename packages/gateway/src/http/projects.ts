import { Hono } from 'hono';
import { HoldfastError, parseProjectId } from '@holdfast/protocol';
import type { ProjectDirectory } from '../projects/directory.ts';
import { usualAgents, type Project } from '../projects/project.ts';
import type { SignedIn } from './sign-in.ts';

/** `/api/projects`: those that one is a member of. */
export function projectRoutes({ projects }: { readonly projects: ProjectDirectory }): Hono<SignedIn> {
  const app = new Hono<SignedIn>();
  app.get('/', (context) => context.json({ projects: projects.of(context.get('userId')).map(publicProject) }));
  app.get('/:id', (context) => {
    const id = parseProjectId(context.req.param('id'));
    const project = projects.of(context.get('userId')).find((own) => own.id === id);
    if (project === undefined) throw new HoldfastError('not_found', 'There is no such project.');
    return context.json(publicProject(project));
  });
  return app;
}

function publicProject(project: Project): object {
  return { id: project.id, name: project.name, agents: project.agents ?? usualAgents };
}
