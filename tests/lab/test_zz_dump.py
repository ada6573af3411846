import json, os
from support import labels
from support.command import scan
def _dump(name, run):
    out={t['name']:{f['check']+('!' if False else ''):[] for f in t['findings']} for t in run.report['targets']}
    for t in run.report['targets']:
        for f in t['findings']:
            out[t['name']][f['check']].append([f['status'],f['severity'],f['message'],[ (m['path'],m['reason'],m['detail']) for m in f['missing']][:3]])
    json.dump(out, open(f'/tmp/dump-{name}.json','w'))
def test_docker(docker):
    _dump('docker', scan(docker.address('isolab-*'),'--fail-on','never'))
    _dump('docker-deep', scan(docker.address('isolab-*'),'--deep','--fail-on','never'))
def test_podman(podman):
    _dump('podman', scan(podman.address('isolab-*'),'--deep','--fail-on','never'))
def test_remap(remapping):
    _dump('remap', scan(remapping.address('isolab-*'),'--deep','--fail-on','never'))
def test_proc(boxes):
    _dump('proc', scan('proc:','--deep','--fail-on','never'))
