/** Every page, in one list. What is not needed for the first look is loaded when it is opened. */

import {
  createRootRoute,
  createRoute,
  createRouter,
  Link,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router';
import { Join, SignIn } from './account/Door.tsx';
import { Refusal } from './api/client.ts';
import { me, queries } from './api/queries.ts';
import { Shell } from './shell/Shell.tsx';
import { Failed, Loading } from './ui/kit.tsx';

const root = createRootRoute({ component: Outlet });

const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);
const tabs = (search: Record<string, unknown>): { tab?: string } => ({ tab: text(search.tab) });

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  component: SignIn,
  validateSearch: (search: Record<string, unknown>): { next?: string } => ({ next: text(search.next) }),
});
/** Some forms are for anybody: they are no part of what one has to sign in for. */
const form = createRoute({
  getParentRoute: () => root,
  path: '/forms/$form',
  component: lazyRouteComponent(() => import('./forms/Form.tsx'), 'Form'),
});
const join = createRoute({ getParentRoute: () => root, path: '/join', component: Join });

/** Pages for those who are signed in. */
const inside = createRoute({
  getParentRoute: () => root,
  id: 'inside',
  component: Shell,
  beforeLoad: async ({ location }) => {
    try {
      await queries.ensureQueryData(me);
    } catch (error) {
      if (error instanceof Refusal && error.status === 401) {
        throw redirect({ to: '/sign-in', search: { next: location.href === '/' ? undefined : location.href } });
      }
      throw error;
    }
  },
});

const at = <P extends string>(path: P) => ({ getParentRoute: () => inside, path });

const home = createRoute({ ...at('/'), component: lazyRouteComponent(() => import('./home/Home.tsx'), 'Home') });
const workflows = createRoute({
  ...at('/workflows'),
  component: lazyRouteComponent(() => import('./workflows/Workflows.tsx'), 'Workflows'),
  validateSearch: (search: Record<string, unknown>): { new?: boolean } => ({
    new: search.new === true ? true : undefined,
  }),
});
const workflow = createRoute({
  ...at('/workflows/$workflow'),
  component: lazyRouteComponent(() => import('./workflows/Workflow.tsx'), 'Workflow'),
  validateSearch: tabs,
});
const designer = createRoute({
  ...at('/workflows/$workflow/edit'),
  component: lazyRouteComponent(() => import('./workflows/Edit.tsx'), 'Edit'),
});
const runs = createRoute({
  ...at('/runs'),
  component: lazyRouteComponent(() => import('./runs/Runs.tsx'), 'Runs'),
  validateSearch: (search: Record<string, unknown>): { state?: string; workflow?: string; robot?: string } => ({
    state: text(search.state),
    workflow: text(search.workflow),
    robot: text(search.robot),
  }),
});
const compare = createRoute({
  ...at('/runs/compare'),
  component: lazyRouteComponent(() => import('./runs/Compare.tsx'), 'Compare'),
  validateSearch: (search: Record<string, unknown>): { one: string; other: string } => ({
    one: text(search.one) ?? '',
    other: text(search.other) ?? '',
  }),
});
const run = createRoute({
  ...at('/runs/$job'),
  component: lazyRouteComponent(() => import('./runs/Run.tsx'), 'Run'),
  validateSearch: tabs,
});
const tasks = createRoute({
  ...at('/tasks'),
  component: lazyRouteComponent(() => import('./tasks/Tasks.tsx'), 'Tasks'),
});
const letters = createRoute({
  ...at('/dead-letters'),
  component: lazyRouteComponent(() => import('./letters/Letters.tsx'), 'Letters'),
});
const alerts = createRoute({
  ...at('/alerts'),
  component: lazyRouteComponent(() => import('./alerts/Alerts.tsx'), 'Alerts'),
  validateSearch: tabs,
});
const robots = createRoute({
  ...at('/robots'),
  component: lazyRouteComponent(() => import('./robots/Robots.tsx'), 'Robots'),
  validateSearch: (search: Record<string, unknown>): { tab?: string; robot?: string } => ({
    tab: text(search.tab),
    robot: text(search.robot),
  }),
});
const queues = createRoute({
  ...at('/queues'),
  component: lazyRouteComponent(() => import('./queues/Queues.tsx'), 'Queues'),
});
const queue = createRoute({
  ...at('/queues/$queue'),
  component: lazyRouteComponent(() => import('./queues/Queue.tsx'), 'Queue'),
});
const schedules = createRoute({
  ...at('/schedules'),
  component: lazyRouteComponent(() => import('./schedules/Schedules.tsx'), 'Schedules'),
  validateSearch: tabs,
});
const schedule = createRoute({
  ...at('/schedules/$schedule'),
  component: lazyRouteComponent(() => import('./schedules/Schedule.tsx'), 'Schedule'),
});
const triggers = createRoute({
  ...at('/triggers'),
  component: lazyRouteComponent(() => import('./triggers/Triggers.tsx'), 'Triggers'),
  validateSearch: tabs,
});
const values = createRoute({
  ...at('/values'),
  component: lazyRouteComponent(() => import('./values/Values.tsx'), 'ValuesPage'),
  validateSearch: tabs,
});
const people = createRoute({
  ...at('/people'),
  component: lazyRouteComponent(() => import('./people/People.tsx'), 'People'),
  validateSearch: tabs,
});
const audit = createRoute({
  ...at('/audit'),
  component: lazyRouteComponent(() => import('./audit/Audit.tsx'), 'Audit'),
});
const settings = createRoute({
  ...at('/settings'),
  component: lazyRouteComponent(() => import('./settings/Settings.tsx'), 'Settings'),
  validateSearch: tabs,
});

const pages = [
  home,
  workflows,
  workflow,
  designer,
  runs,
  compare,
  run,
  tasks,
  letters,
  alerts,
  robots,
  queues,
  queue,
  schedules,
  schedule,
  triggers,
  values,
  people,
  audit,
  settings,
];

export const router = createRouter({
  routeTree: root.addChildren([signIn, join, form, inside.addChildren(pages)]),
  defaultPreload: 'intent',
  defaultPendingComponent: Loading,
  defaultNotFoundComponent: () => (
    <main className="flex h-full flex-col items-center justify-center gap-3">
      <h1 className="font-semibold text-[17px]">There is no page at this address</h1>
      <Link to="/" className="text-accent hover:underline">
        Go home
      </Link>
    </main>
  ),
  defaultErrorComponent: ({ error, reset }) => (
    <div className="p-6">
      <Failed error={error instanceof Error ? error : new Error(String(error))} again={reset} />
    </div>
  ),
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
