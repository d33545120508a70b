/** Where one can go, in one list: the sidebar, the palette and the keys are made of it. */

import {
  Activity,
  AlarmClock,
  BellRing,
  Bot,
  ClipboardCheck,
  House,
  KeyRound,
  Layers,
  type LucideIcon,
  MailWarning,
  ScrollText,
  Settings,
  Users,
  Workflow,
  Zap,
} from 'lucide-react';

export interface Place {
  to: string;
  label: string;
  icon: LucideIcon;
  /** Pressed after `g`. */
  key: string;
  needs: string;
  group: 'Work' | 'Operate' | 'Manage';
}

export const PLACES: Place[] = [
  { to: '/', label: 'Home', icon: House, key: 'h', needs: 'job:read', group: 'Work' },
  { to: '/workflows', label: 'Workflows', icon: Workflow, key: 'w', needs: 'workflow:read', group: 'Work' },
  { to: '/runs', label: 'Runs', icon: Activity, key: 'r', needs: 'job:read', group: 'Work' },
  { to: '/tasks', label: 'Tasks', icon: ClipboardCheck, key: 't', needs: 'task:read', group: 'Work' },
  { to: '/dead-letters', label: 'Dead letters', icon: MailWarning, key: 'd', needs: 'job:read', group: 'Work' },
  { to: '/alerts', label: 'Alerts', icon: BellRing, key: 'l', needs: 'job:read', group: 'Work' },
  { to: '/robots', label: 'Robots', icon: Bot, key: 'b', needs: 'robot:read', group: 'Operate' },
  { to: '/queues', label: 'Queues', icon: Layers, key: 'q', needs: 'queue:read', group: 'Operate' },
  { to: '/schedules', label: 'Schedules', icon: AlarmClock, key: 's', needs: 'schedule:read', group: 'Operate' },
  { to: '/triggers', label: 'Triggers', icon: Zap, key: 'z', needs: 'trigger:read', group: 'Operate' },
  { to: '/values', label: 'Credentials and assets', icon: KeyRound, key: 'v', needs: 'asset:read', group: 'Manage' },
  { to: '/people', label: 'People and keys', icon: Users, key: 'p', needs: 'user:read', group: 'Manage' },
  { to: '/audit', label: 'Audit', icon: ScrollText, key: 'a', needs: 'audit:read', group: 'Manage' },
  { to: '/settings', label: 'Settings', icon: Settings, key: ',', needs: 'account:own', group: 'Manage' },
];
