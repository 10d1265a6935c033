"""All measures, in the order in which they are asked."""

from typing import Final

from stream.measures.base import Measure
from stream.measures.course import CourseMeasure
from stream.measures.dynamics import DynamicsMeasure
from stream.measures.techniques import TechniqueMeasure
from stream.measures.trajectory import TrajectoryMeasure

MEASURES: Final[tuple[Measure, ...]] = (TechniqueMeasure(), DynamicsMeasure(), CourseMeasure(), TrajectoryMeasure())
