"""Chooses adapters and runs a controller process."""

import os
import random
import socket

import uvloop

from skalds.adapters.process.system_clock import SystemClock
from skalds.adapters.process.time_ordered_ids import TimeOrderedIds
from skalds.adapters.sqlite.engine import SqliteEngine
from skalds.config._enum import EngineEnum
from skalds.config.system_controller_config import SystemControllerConfig
from skalds.config.timings import Timings
from skalds.errors import ConfigurationError
from skalds.runtime.garbage_collection import calm_collector
from skalds.runtime.log_setup import log_event
from skalds.runtime.service import ServiceGroup
from skalds.runtime.shutdown_signals import listen_for_shutdown
from skalds.system_controller.api.app import create_app
from skalds.system_controller.api.server import HttpServer, bind
from skalds.system_controller.controller import Controller
from skalds.system_controller.monitor.dispatch_policy import DispatchPolicy
from skalds.system_controller.surroundings import Surroundings
