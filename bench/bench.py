"""Measures plain proxy_pass and the gateway, side by side."""

import argparse
import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time

import bodies

HERE = os.path.dirname(os.path.abspath(__file__))

TRIPS = '/api/travel/trip/v1.1'
TOKEN, SUPPLIER = 'benchmark-token', 'benchmark'
OTHER_TOKEN, OTHER_SUPPLIER = 'other-token', 'other'

TICK = os.sysconf('SC_CLK_TCK')

# how much of the gateway's core others may take, before it is measured again

NOISE = 0.05

# name, path, size and bookings of the body, how many trips take turns
# (0: every request has its own), and connections

CASES = (
    ('create 2 KB', TRIPS, 2048, 2, 0, 32),
    ('update 2 KB', TRIPS + '?tripId=@ID@', 2048, 2, 8192, 32),
    ('cancel', TRIPS + '/cancel?tripId=@ID@', 0, 2, 0, 32),
    ('update 200 KB', TRIPS + '?tripId=@ID@', 204800, 50, 256, 16),
)


def text_of(path):
    with open(path) as file:
        return file.read()


class Failure(Exception):
    pass


class Processes:
    """What was started here, and ends here."""

    def __init__(self):
        self.started = []

    def start(self, command, cpus, log, ready):
        with open(log, 'ab') as out:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                preexec_fn=(lambda: os.sched_setaffinity(0, cpus)))

        self.started.append(process)

        for _ in range(400):
            if ready():
                return process
            if process.poll() is not None:
                break
            time.sleep(0.025)

        raise Failure('%s did not start:\n%s' % (command[0], text_of(log)))

    def stop(self):
        for process in reversed(self.started):
            if process.poll() is None:
                process.terminate()

            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Redis:
    """As much of the protocol as is needed."""

    def __init__(self, port):
        self.socket = socket.create_connection(('127.0.0.1', port))
        self.file = self.socket.makefile('rb')

    def __call__(self, *command):
        return self.pipeline([command])[0]

    def pipeline(self, commands):
        """The replies; in portions that the socket's buffers hold."""
        replies = []

        for i in range(0, len(commands), 500):
            portion = commands[i:i + 500]
            self.socket.sendall(b''.join(map(self._format, portion)))
            replies += [self._reply() for _ in portion]

        return replies

    @staticmethod
    def _format(command):
        parts = [b'*%d\r\n' % len(command)]
        for part in command:
            part = part if isinstance(part, bytes) else str(part).encode()
            parts.append(b'$%d\r\n%s\r\n' % (len(part), part))
        return b''.join(parts)

    def _reply(self):
        line = self.file.readline()
        kind, rest = line[:1], line[1:-2]

        if kind == b'-':
            raise Failure('Redis: ' + rest.decode())
        if kind == b'*':
            return [self._reply() for _ in range(int(rest))]
        if kind == b'$':
            return (None if rest == b'-1'
                    else self.file.read(int(rest) + 2)[:-2])
        return rest


class Bench:

    def __init__(self, options):
        self.options = options
        self.processes = Processes()
        self.sequence = 0
        self.prototypes = {}

        cpus = sorted(os.sched_getaffinity(0))
        self.gateway_cpu = cpus[0]
        self.other_cpus = set(cpus[1:]) or set(cpus)
        self.pinned = len(cpus) > 1

        self.dir = tempfile.mkdtemp(prefix='itinerary-bench-')

    # -- setting up

    def path(self, name):
        return os.path.join(self.dir, name)

    def start(self):
        os.mkdir(self.path('temp'))
        os.symlink(os.environ['ITINERARY_MODULES'], self.path('modules'))

        names = ('redis', 'upstream', 'plain', 'gateway')
        sockets = [socket.create_server(('127.0.0.1', 0)) for _ in names]
        self.ports = {name: s.getsockname()[1]
                      for name, s in zip(names, sockets)}
        for s in sockets:
            s.close()

        self.write_files()

        redis_log = self.path('redis.log')
        self.processes.start(
            ['redis-server', '--port', str(self.ports['redis']),
             '--bind', '127.0.0.1', '--dir', self.dir, '--save', '',
             '--appendonly', 'no', '--daemonize', 'no'],
            self.other_cpus, redis_log,
            lambda: 'Ready to accept' in text_of(redis_log))

        self.redis = Redis(self.ports['redis'])

        for token, supplier in ((TOKEN, SUPPLIER),
                                (OTHER_TOKEN, OTHER_SUPPLIER)):
            digest = hashlib.sha256(token.encode()).hexdigest()
            self.redis('SET', 'itinerary:token:' + digest, supplier)

        self.nginx('upstream', self.other_cpus)
        self.workers = {name: self.nginx(name, {self.gateway_cpu})
                        for name in ('plain', 'gateway')}

    def write_files(self):
        values = {name.upper() + '_PORT': str(port)
                  for name, port in self.ports.items()}
        values['ANSWER'] = bodies.answer_head('$trip')
        values['CANCELLED'] = bodies.cancelled('${trip}', 2)

        for name in ('common', 'proxy', 'plain', 'gateway', 'upstream'):
            text = text_of(os.path.join(HERE, name + '.conf'))
            text = re.sub(r'@([A-Z_]+)@', lambda m: values[m.group(1)], text)
            with open(self.path(name + '.conf'), 'w') as file:
                file.write(text)

        self.documents = {}

        for _, _, size, bookings, _, _ in CASES:
            if size:
                self.documents[size] = self.path('body-%d.xml' % size)
                with open(self.documents[size], 'w') as file:
                    file.write(bodies.itinerary(size, bookings))

    def nginx(self, name, cpus):
        """Starts one; the worker's pid."""
        pid, log = self.path(name + '.pid'), self.path(name + '.out')

        # workers of root must reach the directory, wherever it is

        main = 'daemon off;' + (' user root root;' if os.geteuid() == 0
                                else '')

        process = self.processes.start(
            ['nginx', '-p', self.dir + '/', '-c', self.path(name + '.conf'),
             '-e', self.path(name + '.log'), '-g', main], cpus, log,
            lambda: os.path.exists(pid) and os.path.getsize(pid))

        children = '/proc/%d/task/%d/children' % (process.pid, process.pid)

        for _ in range(200):
            workers = text_of(children).split()
            if workers:
                return int(workers[0])
            time.sleep(0.025)

        raise Failure('nginx has no worker')

    # -- trips

    def post(self, name, path, trip, size=0, token=TOKEN):
        connection = http.client.HTTPConnection('127.0.0.1', self.ports[name],
                                                timeout=10)
        headers = {'Authorization': 'OAuth ' + token}
        body = None

        if size:
            headers['Content-Type'] = 'application/xml'
            body = text_of(self.documents[size]).replace('@ID@', trip)

        connection.request('POST', path.replace('@ID@', trip), body, headers)
        response = connection.getresponse()
        answer = response.read().decode()
        connection.close()

        return response.status, answer

    def keys(self):
        return set(self.redis('KEYS', '*'))

    def prototype(self, size):
        """What the registry has learned of a created trip, as commands."""
        if size in self.prototypes:
            return self.prototypes[size]

        name = 'X%07d' % len(self.prototypes)
        before = self.keys()

        status, answer = self.post('gateway', TRIPS, name, size)
        if status != 200:
            raise Failure('a create got %d:\n%s' % (status, answer))

        trip = re.search('<ItinLocator>(.*?)</', answer).group(1)

        def general(value):
            return (value.replace(trip.encode(), b'@ID@')
                    .replace(name.encode(), b'@ID@'))

        commands = []

        for key in self.keys() - before:
            if general(key) == key:
                continue

            if self.redis('TYPE', key) == b'hash':
                command = [b'HSET', key] + self.redis('HGETALL', key)
            else:
                command = [b'SET', key, self.redis('GET', key)]

            commands.append([general(part) for part in command])

        if not commands:
            raise Failure('the registry has learned nothing of a create')

        self.prototypes[size] = commands
        return commands

    def register(self, ids, size):
        """Trips in the registry, as if each of them had been created."""
        commands = self.prototype(size)

        for i in range(0, len(ids), 1000):
            self.redis.pipeline(
                [[b'DEL', command[1].replace(b'@ID@', trip)]
                 for trip in ids[i:i + 1000] for command in commands])
            self.redis.pipeline(
                [[part.replace(b'@ID@', trip) for part in command]
                 for trip in ids[i:i + 1000] for command in commands])

    def check(self):
        """The gateway guards, and both of them forward."""
        self.register([b'Y0000001'], 2048)

        for name, token, path, size, expected in (
                ('plain', OTHER_TOKEN, '?tripId=@ID@', 2048, 200),
                ('gateway', OTHER_TOKEN, '?tripId=@ID@', 2048, 403),
                ('gateway', OTHER_TOKEN, '/cancel?tripId=@ID@', 0, 403),
                ('gateway', TOKEN, '?tripId=@ID@', 2048, 200),
                ('gateway', TOKEN, '/cancel?tripId=@ID@', 0, 200)):
            status, answer = self.post(name, TRIPS + path, 'Y0000001', size,
                                       token)
            if status != expected:
                raise Failure('%s: POST %s got %d, not %d:\n%s' % (
                    name, path, status, expected, answer))

    # -- measuring

    def wrk(self, name, path, size, kind, first, count, seconds, connections):
        env = dict(os.environ, BENCH_PATH=path, BENCH_TOKEN=TOKEN,
                   BENCH_KIND=kind, BENCH_FIRST=str(first),
                   BENCH_COUNT=str(count))
        if size:
            env['BENCH_BODY'] = self.documents[size]

        done = subprocess.run(
            ['wrk', '-t', '1', '-c', str(connections), '-d', '%ds' % seconds,
             '--timeout', '10s', '-s', os.path.join(HERE, 'post.lua'),
             'http://127.0.0.1:%d' % self.ports[name]],
            env=env, capture_output=True, text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, self.other_cpus))

        match = re.search(r'BENCH (\{.*\})', done.stdout)
        if not match:
            raise Failure('wrk failed:\n' + done.stdout + done.stderr)

        result = json.loads(match.group(1))

        if result['refused'] or result['failed']:
            raise Failure('%s: of %d requests %d were not answered 2xx, and '
                          '%d failed\n%s' % (
                              name, result['requests'], result['refused'],
                              result['failed'],
                              self.tail('audit.log', '"rejected"')
                              + self.tail(name + '.log')))

        return result

    def tail(self, name, pattern=''):
        if not os.path.exists(self.path(name)):
            return ''
        lines = [line for line in text_of(self.path(name)).splitlines(True)
                 if pattern in line]
        return ''.join(lines[-5:])

    def cpu(self, pid):
        """Seconds of CPU: in all, and those of the kernel."""
        fields = text_of('/proc/%d/stat' % pid).rsplit(')', 1)[1].split()
        user, system = int(fields[11]) / TICK, int(fields[12]) / TICK
        try:
            total = int(text_of('/proc/%d/schedstat' % pid).split()[0]) / 1e9
        except OSError:
            total = user + system
        return total, system

    def core_busy(self):
        """Seconds that the gateway's core was not idle."""
        for line in text_of('/proc/stat').splitlines():
            if line.startswith('cpu%d ' % self.gateway_cpu):
                t = [int(x) for x in line.split()[1:9]]
                return (sum(t) - t[3] - t[4]) / TICK

    def audit_records(self):
        """How many writes were forwarded, and recorded."""
        with open(self.path('audit.log')) as file:
            return sum('"recorded"' in line for line in file)

    def measure(self, name, case):
        title, path, size, bookings, turns, connections = case
        connections = self.options.connections or connections
        seconds = self.options.duration

        kind, first, count = 'U' + str(bookings // 10), 1, turns

        if turns == 0:
            # more than the gateway can do, so that none comes twice there

            kind, count = 'C', 40000 * (seconds + 1)
            self.sequence += count
            first = self.sequence

            if size == 0:
                kind, first = 'D', 1

        def numbers(first, count):
            return [b'%s%07d' % (kind.encode(), i)
                    for i in range(first, first + count)]

        if name == 'gateway' and '@ID@' in path:
            key = 'itinerary:trip:%s%07d' % (kind, first)

            if turns == 0 or self.redis('EXISTS', key) == b'0':
                self.register(numbers(first, count), size or 2048)

        warm = self.wrk(name, path, size, kind, first, count, 1, connections)

        if name == 'gateway' and turns == 0:
            first += warm['requests'] + 1000
            count -= warm['requests'] + 1000

        time.sleep(0.2)
        os.truncate(self.path('audit.log'), 0)

        pid = self.workers[name]
        before, busy = self.cpu(pid), self.core_busy()

        result = self.wrk(name, path, size, kind, first, count, seconds,
                          connections)

        time.sleep(0.1)
        after, busy = self.cpu(pid), self.core_busy() - busy

        n, wall = result['requests'], result['us'] / 1e6

        if name == 'gateway' and turns == 0 and n + connections > count:
            raise Failure('%s: %s: %d requests, but only %d trips' % (
                name, title, n, count))

        if name == 'gateway' and self.audit_records() < n:
            raise Failure('%s: %d of %d writes are on record' % (
                title, self.audit_records(), n))

        total, system = after[0] - before[0], after[1] - before[1]

        return {'case': title, 'variant': name, 'requests': n,
                'connections': connections, 'rps': n / wall,
                'p50_ms': result['p50'] / 1e3, 'p99_ms': result['p99'] / 1e3,
                'cpu_us': total / n * 1e6, 'system_us': system / n * 1e6,
                'worker_busy': total / wall,
                'others_busy': max(0, (busy - total) / wall)}

    def quiet(self, name, case):
        """The less disturbed of at most two measurements."""
        runs = []

        for _ in range(2):
            runs.append(self.measure(name, case))
            if runs[-1]['others_busy'] <= NOISE:
                break

        return min(runs, key=lambda run: run['others_busy'])

    def run(self):
        runs = []

        for number in range(self.options.rounds):
            for case in CASES:
                for name in (('plain', 'gateway') if number % 2 == 0
                             else ('gateway', 'plain')):
                    run = dict(self.quiet(name, case), round=number)
                    runs.append(run)

                    print('round %d  %-13s  %-7s  %7.0f req/s  p99 %7.2f ms  '
                          'CPU %7.1f us  busy %3.0f%%  others %2.0f%%'
                          % (number + 1, case[0], name, run['rps'],
                             run['p99_ms'], run['cpu_us'],
                             100 * run['worker_busy'],
                             100 * run['others_busy']),
                          file=sys.stderr, flush=True)

        return runs

    def end(self):
        self.processes.stop()
        shutil.rmtree(self.dir, ignore_errors=True)


def machine():
    model = re.search(r'model name\s*: (.*)', text_of('/proc/cpuinfo'))

    def version(command, pattern):
        out = subprocess.run(command, capture_output=True, text=True)
        match = re.search(pattern, out.stdout + out.stderr)
        return match.group(1) if match else '?'

    return '%d cores of %s, Linux %s, nginx %s, Redis %s' % (
        len(os.sched_getaffinity(0)), model.group(1) if model else '?',
        os.uname().release, version(['nginx', '-v'], r'nginx/(\S+)'),
        version(['redis-server', '--version'], r'v=(\S+)'))


def table(runs):
    rows = ['| | req/s: `proxy_pass` | gateway | ratio | p99 ms: `proxy_pass` '
            '| gateway | CPU us: `proxy_pass` | gateway | ratio |',
            '|---|' + '---:|' * 8]

    for case in CASES:
        def values(name, field):
            return [run[field] for run in runs
                    if run['case'] == case[0] and run['variant'] == name]

        def median(name, field):
            return statistics.median(values(name, field))

        def ratio(field):
            return statistics.median(
                b / a for a, b in zip(values('plain', field),
                                      values('gateway', field)))

        rows.append('| %s | %.0f | %.0f | %.2f | %.2f | %.2f | %.1f | %.1f '
                    '| %.2f |' % (
                        case[0], median('plain', 'rps'),
                        median('gateway', 'rps'), ratio('rps'),
                        median('plain', 'p99_ms'), median('gateway', 'p99_ms'),
                        median('plain', 'cpu_us'),
                        median('gateway', 'cpu_us'), ratio('cpu_us')))

    return '\n'.join(rows)


def waiting(runs):
    """Which workers were not busy, and how busy they were."""
    found = []

    for case in CASES:
        for name in ('plain', 'gateway'):
            busy = statistics.median(
                run['worker_busy'] for run in runs
                if run['case'] == case[0] and run['variant'] == name)
            if busy < 0.95:
                found.append('%s of %s %.0f %%' % (name, case[0], 100 * busy))

    return ', '.join(found) or 'nowhere'


def main():
    parser = argparse.ArgumentParser(prog='bench/run', description=__doc__)
    parser.add_argument('--rounds', type=int, default=3,
                        help='how often everything is measured (default 3)')
    parser.add_argument('--duration', type=int, default=3,
                        help='seconds of a measurement (default 3)')
    parser.add_argument('--connections', type=int, default=0,
                        help='of wrk (default 32, for 200 KB 16)')
    parser.add_argument('--json', metavar='FILE',
                        help='write all measurements there')
    options = parser.parse_args()

    if options.rounds < 1 or options.duration < 1 or options.connections < 0:
        parser.error('numbers are positive')

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGHUP, lambda *_: sys.exit(129))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(130))

    bench = Bench(options)

    try:
        about, load = machine(), os.getloadavg()[0]
        bench.start()
        bench.check()
        runs = bench.run()
    except Failure as failure:
        sys.exit('bench/run: %s' % failure)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        bench.end()

    noise = max(run['others_busy'] for run in runs)

    print(table(runs))
    print('\n%s; one worker%s; medians of %d rounds of %d s.' % (
        about, '' if bench.pinned else ', not alone on its core',
        options.rounds, options.duration))

    print(textwrap.fill(
        'CPU is the worker\'s.  Where it had less to do than it could, the '
        'other core limited req/s: %s.' % waiting(runs), 79,
        break_on_hyphens=False))

    if noise > NOISE:
        print('The machine was not idle: others took up to %.0f %% of the '
              'worker\'s core.' % (100 * noise))

    if options.json:
        with open(options.json, 'w') as file:
            json.dump({'machine': about, 'load': load,
                       'options': vars(options), 'runs': runs}, file,
                      indent=1)


if __name__ == '__main__':
    main()
