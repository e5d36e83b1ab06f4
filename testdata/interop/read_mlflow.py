"""Reads a run back with MLflow's own client: read_mlflow.py ADDRESS EXPERIMENT FOLDER prints it as JSON.

The files of the run are downloaded into FOLDER.
"""

import json
import sys

import mlflow

address, experiment, folder = sys.argv[1:]
client = mlflow.MlflowClient(tracking_uri=address)
runs = client.search_runs([client.get_experiment_by_name(experiment).experiment_id])
told = []
for run in runs:
    metrics = {name: [[p.step, p.value] for p in client.get_metric_history(run.info.run_id, name)] for name in run.data.metrics}
    names = [f.path for f in client.list_artifacts(run.info.run_id)]
    files = {name: open(client.download_artifacts(run.info.run_id, name, folder), encoding="utf-8").read() for name in names}
    told.append({"status": run.info.status, "name": run.info.run_name, "params": run.data.params, "metrics": metrics,
                 "files": files, "ended": run.info.end_time is not None})
print(json.dumps(told))
